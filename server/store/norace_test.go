//go:build !race

package store_test

// manyReceipts are more than memory should hold.
const manyReceipts = 100_000
