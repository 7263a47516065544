// Package playground holds the tests of docs/playground, and of the page that
// framecheck writes, in a browser: Debian's chromium, headless, driven through
// chromedriver with the requests of the WebDriver standard (W3C Recommendation,
// 2018).
package playground
