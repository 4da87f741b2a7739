package rocketmq

// Known says whether a placeholder stands for a secret.
func Known(name string) bool {
	_, is := known.Load(name)
	return is
}
