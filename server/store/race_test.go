//go:build race

package store_test

// manyReceipts are fewer under the race detector, which takes ten times as long.
const manyReceipts = 10_000
