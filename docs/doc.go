// Package docs holds documents, and the tests that run what stands in them.
package docs
