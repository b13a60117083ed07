package portal

// Builtins returns the definitions that need no file, sorted by name. Their
// base URL is the user's to give: see WithBaseURL.
func Builtins() []Portal { return []Portal{coupa()} }

// Builtin returns the built-in definition of that name.
func Builtin(name string) (Portal, bool) {
	for _, p := range Builtins() {
		if p.Name == name {
			return p, true
		}
	}
	return Portal{}, false
}
