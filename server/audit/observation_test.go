package audit

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDuration_JSON(t *testing.T) {
	text, err := json.Marshal(Duration(90*time.Second + 1234567*time.Nanosecond))
	if err != nil || string(text) != "90.001" {
		t.Errorf("got %s (%v)", text, err)
	}
	var back Duration
	if err := json.Unmarshal([]byte("1.5"), &back); err != nil || time.Duration(back) != 1500*time.Millisecond {
		t.Errorf("got %v (%v)", time.Duration(back), err)
	}
}
