package portal

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Marshal writes a definition as a YAML file that Load reads back to the same
// definition, with a comment at each part. What is empty is left out.
func (p Portal) Marshal() ([]byte, error) {
	var root yaml.Node
	if err := root.Dump(p); err != nil {
		return nil, fmt.Errorf("write portal %s as YAML: %w", p.Name, err)
	}
	prune("", &root)
	style(&root)
	comment("", &root)
	if p.BaseURL == "" && len(root.Content) > 2 {
		root.Content[2].HeadComment = noBaseURL + "\n\n" + root.Content[2].HeadComment
	}
	data, err := yaml.Dump(&root, yaml.WithLineWidth(-1), yaml.WithCompactSeqIndent(false))
	if err != nil {
		return nil, fmt.Errorf("write portal %s as YAML: %w", p.Name, err)
	}
	return data, nil
}

const noBaseURL = "# The portal's address is given with --base-url, or here:\n# base_url: https://company.example.com"

// prune takes out the keys without a value, but for the lists that would get
// a default if they were not there.
func prune(key string, node *yaml.Node) {
	var kept []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		at := join(key, name.Value)
		if value.Kind == yaml.MappingNode {
			prune(at, value)
		}
		written := value.Kind == yaml.ScalarNode && value.Value != "" && value.Value != "false"
		if written || len(value.Content) > 0 || hasDefault(at) {
			kept = append(kept, name, value)
		}
	}
	node.Content = kept
}

// hasDefault reports whether a list is filled in where it is left out.
func hasDefault(key string) bool {
	switch key {
	case "signs.not_found.statuses", "signs.forbidden.statuses", "signs.signed_out.statuses",
		"attachments.name", "attachments.target":
		return true
	}
	return false
}

// style puts what is short on one line, and selectors in double quotes, since
// they have single ones of their own.
func style(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && strings.Contains(node.Value, "'") && !strings.ContainsAny(node.Value, "\\\"") {
		node.Style = yaml.DoubleQuotedStyle
	}
	short := node.Kind == yaml.SequenceNode
	for _, child := range node.Content {
		style(child)
		short = short && len(child.Value) <= 12 && child.Style == 0
	}
	if short {
		node.Style = yaml.FlowStyle
	}
}

// comment puts a line above the keys that have one.
func comment(key string, node *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		at := join(key, name.Value)
		name.HeadComment = comments()[at]
		if value.Kind == yaml.MappingNode {
			comment(at, value)
		}
	}
}

func comments() map[string]string {
	return map[string]string{
		"base_url":                  "# Scheme and host of the portal; --base-url overrides it.",
		"order":                     "# Where an order's page is, and what its numbers look like.",
		"order.number":              "# A regular expression; its first ( ) is what {number} becomes.",
		"order.identity":            "# What proves that a page is the order's own.",
		"signs":                     "# What tells the pages apart; any one way of a sign will do.",
		"signs.signed_in":           "# On pages that only a signed-in user gets; it need not be visible.",
		"sign_in":                   "# How a user signs in.",
		"sign_in.hosts":             "# Hosts of the identity provider: only for signing in.",
		"probe":                     "# Where it is to be seen who is signed in.",
		"attachments":               "# How the documents are listed.",
		"attachments.name":          "# Where a document's name is looked for, best first.",
		"attachments.name_pattern":  "# The part of the name in ( ) is the file's name.",
		"attachments.target":        "# Where a document's address is looked for, best first.",
		"attachments.settle_ms":     "# The list is whole when it has not changed for so long; 0: when the page rests.",
		"attachments.complete":      "# Shown only when the list is whole.",
		"attachments.incomplete":    "# Shown while there is more to come.",
		"attachments.count":         "# Where the page says how many documents there are.",
		"attachments.more":          "# What brings up the rest of the list. Without click: buttons that say so.",
		"attachments.frames":        "# The frames in which documents are listed too.",
		"attachments.click_wait_ms": "# How long a click is given until its file begins; 0: 15 s.",
		"supplier":                  "# Selectors of the supplier's name, best first.",
		"fallback":                  "# The link to follow where an order has no documents of its own.",
		"allowed_hosts":             "# Hosts beside the base URL's that pages and documents may come from.",
		"block":                     "# What the browser does not load.",
	}
}
