package tea

import "time"

// Age makes every call that is being retried older.
func (c *Credential) Age(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, found := range c.calls {
		found.begun = found.begun.Add(-by)
	}
}
