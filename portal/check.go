package portal

// Check reports everything that is wrong with a definition, as Errors. A base
// URL that is not given yet is not wrong.
func (p Portal) Check() error {
	var found Errors
	if p.BaseURL != "" {
		if fault, hint := baseURLFault(p.BaseURL); fault != "" {
			found = append(found, &Error{Key: "base_url", Msg: "base_url: " + quote(p.BaseURL) + " " + fault, Hint: hint})
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}
