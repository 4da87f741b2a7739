package program

import "testing"

func TestOnlyCallsThatEndAfterTheRotationAreCounted(t *testing.T) {
	calls := []done{
		{began: 1, took: 1, failed: "Early"},
		{began: 4, took: 2, failed: nil},
		{began: 6, took: 1.5, failed: "Dead"},
		{began: 8, took: 0.5, failed: nil},
	}
	found := summary(calls, 5, 0)
	for name, wanted := range map[string]any{"before_failed": 1, "calls": 3, "failed": 1, "slowest": 2.0, "failing_for": 2.5} {
		if found[name] != wanted {
			t.Errorf("%s: %v, not %v", name, found[name], wanted)
		}
	}
}
