package portal

import "go.yaml.in/yaml/v4"

// describe says what a node is, for messages.
func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch node.ShortTag() {
	case "!!int", "!!float":
		return "the number " + quote(node.Value)
	case "!!bool":
		return "the truth value " + quote(node.Value)
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "the date " + quote(node.Value)
	case "!!str":
		return "the text " + quote(node.Value)
	}
	return "something tagged " + quote(node.ShortTag())
}
