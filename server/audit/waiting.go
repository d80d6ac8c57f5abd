package audit

import "sync"

// waiting are those who have asked a browser something, by the number of the question. The
// zero one is empty.
type waiting[Answer any] struct {
	mu      sync.Mutex
	last    int64
	answers map[int64]chan Answer
}

// add numbers a question; the channel gets the one answer.
func (w *waiting[Answer]) add() (int64, <-chan Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answers == nil {
		w.answers = map[int64]chan Answer{}
	}
	w.last++
	answer := make(chan Answer, 1)
	w.answers[w.last] = answer
	return w.last, answer
}

// answer gives the answer to who waits for it.
func (w *waiting[Answer]) answer(number int64, answer Answer) {
	w.mu.Lock()
	asked := w.answers[number]
	delete(w.answers, number)
	w.mu.Unlock()
	if asked != nil {
		asked <- answer
	}
}

// forget drops who waits for an answer that may never come.
func (w *waiting[Answer]) forget(number int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.answers, number)
}
