package ewsserver

// operations is what we serve, by request element. What is not here is
// answered with ErrorInvalidOperation. changes marks those whose audit record
// must be safe before the answer goes out.
func operations() map[string]operation {
	return map[string]operation{}
}
