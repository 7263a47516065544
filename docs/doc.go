// Package docs holds documents, and the tests that run their commands and programs.
package docs
