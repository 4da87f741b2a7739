package kmsramcred

// AcquireThroughCgo takes a credential from the library, whatever is kept.
func (s *Secret) AcquireThroughCgo() { _, _ = s.handle.Acquire(0) }

// HoldReports takes every place for a report inside C until release is called.
func (s *Secret) HoldReports() (release func()) {
	for range cap(s.reporting) {
		s.reporting <- struct{}{}
	}
	return func() {
		for range cap(s.reporting) {
			<-s.reporting
		}
	}
}
