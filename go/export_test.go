package kmsramcred

// What the benchmarks compare with.

// LoadKept is one atomic load.
func (s *Secret) LoadKept() *Credential { return s.kept.Load() }

// GenerationThroughCgo is the smallest call into the library.
func (s *Secret) GenerationThroughCgo() uint64 { return s.handle.LoadGeneration() }

// AcquireThroughCgo is what every read would cost without a credential that is kept.
func (s *Secret) AcquireThroughCgo() { _, _ = s.handle.Acquire(0) }
