package fastlane

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/poactor/poactor/portal"
)

// recipe says how a page's script asks for the list of an order, and how it reads the answer. It is data,
// learned from what browsers did, and has nothing of a session in it but what is marked as private.
type recipe struct {
	Lookup   *request   `json:"lookup,omitempty"` // which has to be asked first, for what the list is asked for by
	Call     request    `json:"call"`
	List     path       `json:"list"`  // of the documents in the answer
	Names    []template `json:"names"` // which make the same name
	Targets  targets    `json:"targets"`
	Supplier supplier   `json:"supplier"`
	Counts   []path     `json:"counts,omitempty"` // of the number of documents
}

// targets are the addresses of documents: of those of one kind made alike.
type targets struct {
	Kind    string                `json:"kind,omitempty"`    // the field that tells the kinds apart; empty: there is one
	Rules   map[string][]template `json:"rules"`             // by its value; those of a kind make the same address
	Without []string              `json:"without,omitempty"` // kinds that only a click leads to
}

// anyKind has the rules of documents of kinds that have none of their own.
const anyKind = ""

// supplier is where the supplier's name stands.
type supplier struct {
	Paths []path `json:"paths,omitempty"` // in the answer: all have it
	Page  bool   `json:"page,omitempty"`  // in the page, too
}

// recipeFormat is the version of the form in which recipes are kept.
const recipeFormat = 1

// MaxRecipe bounds what is kept, in bytes.
const MaxRecipe = 256 << 10

// keptRecipe is a recipe with what it is for.
type keptRecipe struct {
	Format int    `json:"format"`
	Portal string `json:"portal"` // a hash of its definition
	Recipe recipe `json:"recipe"`
}

// fingerprint tells portals, and editions of their definitions, apart.
func fingerprint(p portal.Portal) string {
	text, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// id is the same for the same recipe.
func (r *recipe) id() string {
	text, _ := json.Marshal(r) // strings: it cannot fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// private says whether something of a session may be in a recipe: it is not kept then.
func (r *recipe) private() bool {
	requests := []request{r.Call}
	if r.Lookup != nil {
		requests = append(requests, *r.Lookup)
	}
	return slices.ContainsFunc(requests, request.private)
}

func (r request) private() bool {
	texts := map[string]text{"address": r.Address, "body": r.Body}
	for _, f := range r.Header {
		texts[f.Name] = f.Value
	}
	for name, t := range texts {
		for _, p := range t {
			if len(p.Sources) > 0 {
				continue
			}
			named := secretName.MatchString(name) && len(strings.TrimSpace(p.Text)) > len("Bearer")
			if named || slices.ContainsFunc(tokenParts.FindAllString(p.Text, -1), secret) {
				return true
			}
		}
	}
	return false
}

// encode writes a recipe as it is kept; nothing where it is private or too long.
func (r *recipe) encode(p portal.Portal) []byte {
	if r.private() {
		return nil
	}
	text, err := json.MarshalIndent(keptRecipe{recipeFormat, fingerprint(p), *r}, "", " ")
	if err != nil || len(text) > MaxRecipe {
		return nil
	}
	return append(text, '\n')
}

// decodeRecipe reads one that was kept, perhaps by somebody else.
func decodeRecipe(data []byte, p portal.Portal) (*recipe, error) {
	var kept keptRecipe
	if len(data) > MaxRecipe {
		return nil, errors.New("it is too long")
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, errors.New("it is no recipe")
	}
	if kept.Format != recipeFormat || kept.Portal != fingerprint(p) {
		return nil, errors.New("it is for another portal, or of another version")
	}
	if err := kept.Recipe.check(); err != nil {
		return nil, err
	}
	return &kept.Recipe, nil
}

// maxParts bounds the parts of anything in a recipe.
const maxParts = 2000

func (r *recipe) check() error {
	if err := r.Call.check(true); err != nil {
		return err
	}
	if r.Lookup != nil {
		if err := r.Lookup.check(false); err != nil {
			return err
		}
	}
	switch {
	case !slices.Contains(r.List, eachOf), len(r.List) > maxDepth:
		return errors.New("it has no list")
	case !usable(r.Names):
		return errors.New("it has no names")
	case len(r.Targets.Rules) == 0, len(r.Targets.Rules) > maxParts:
		return errors.New("it has no addresses")
	case len(r.Targets.Without) > maxParts:
		return errors.New("it is too long")
	case len(r.Supplier.Paths) > maxSources || len(r.Counts) > maxParts:
		return errors.New("it is too long")
	}
	for _, rules := range r.Targets.Rules {
		if !usable(rules) {
			return errors.New("it has no addresses")
		}
	}
	for _, p := range slices.Concat(r.Supplier.Paths, r.Counts) {
		if len(p) == 0 || len(p) > maxDepth {
			return errors.New("it has a path that is none")
		}
	}
	return nil
}

func usable(rules []template) bool {
	return len(rules) > 0 && len(rules) <= keptTemplates && !slices.ContainsFunc(rules, func(t template) bool {
		return len(t) > maxParts || !t.hasField()
	})
}

func (r request) check(mayLookUp bool) error {
	if r.Method != "GET" && r.Method != "POST" || r.Method == "GET" && len(r.Body) > 0 {
		return fmt.Errorf("a request of the method %.10q", r.Method)
	}
	texts := []text{r.Address, r.Body}
	for _, f := range r.Header {
		if !keptHeader(f.Name) {
			return errors.New("a header that is not a script's")
		}
		texts = append(texts, f.Value)
	}
	if len(r.Header) > maxFields {
		return errors.New("too many headers")
	}
	for _, t := range texts {
		if len(t) > maxParts {
			return errors.New("a text of too many parts")
		}
		for _, p := range t {
			if len(p.Sources) > maxSources {
				return errors.New("a value of too many sources")
			}
			for _, s := range p.Sources {
				if !slices.Contains(sourceKinds, s.Kind) || len(s.Path) > maxDepth || !mayLookUp && s.Kind == fromLookup {
					return errors.New("a source that is none")
				}
			}
		}
	}
	return nil
}
