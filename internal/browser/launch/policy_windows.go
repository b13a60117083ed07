package launch

import (
	"golang.org/x/sys/windows/registry"
)

// readPolicies reads the registry: the machine's word counts more than the user's.
func readPolicies(b brand) policies {
	if b.key == "" {
		return policies{}
	}
	read := func(sub string) (sets []map[string]any) {
		for _, hive := range []registry.Key{registry.CURRENT_USER, registry.LOCAL_MACHINE} {
			if set := readKey(hive, b.key+sub, 0); set != nil {
				sets = append(sets, set)
			}
		}
		return sets
	}
	return parsePolicies(read(`\Recommended`), read(""))
}

// deepestKey bounds the keys below a brand's.
const deepestKey = 4

// readKey reads a key with those below it; nil if it is not there.
func readKey(parent registry.Key, path string, depth int) map[string]any {
	k, err := registry.OpenKey(parent, path, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return nil
	}
	defer k.Close()
	set := map[string]any{}
	names, _ := k.ReadValueNames(-1)
	for _, name := range names {
		if text, _, err := k.GetStringValue(name); err == nil {
			set[name] = text
		} else if n, _, err := k.GetIntegerValue(name); err == nil {
			set[name] = float64(n)
		}
	}
	if depth == deepestKey {
		return set
	}
	names, _ = k.ReadSubKeyNames(-1)
	for _, name := range names {
		if depth == 0 && name == "Recommended" {
			continue
		}
		if below := readKey(k, name, depth+1); len(below) > 0 {
			set[name] = below
		}
	}
	return set
}
