package main

func schemaFiles(m *model) ([]file, error) { return nil, nil }

func (m *model) xsdName(t *typ) string { return "" }
