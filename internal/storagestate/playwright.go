package storagestate

import (
	"bytes"
	"encoding/json"
)

// parsePlaywright reads a storage state as far as it is known, and keeps the rest: the
// types of its newer parts are not documented, and there will be others.
func parsePlaywright(fields object) (State, Report, error) {
	r := Report{Dialect: Playwright}
	var cookies, origins []json.RawMessage
	if unmarshal(fields.take("cookies"), &cookies) != nil || unmarshal(fields.take("origins"), &origins) != nil {
		return State{}, Report{}, refused("the file is no storage state: its cookies or origins are not a list", hintForms)
	}
	d := listDecoder{report: &r}
	s := State{Cookies: d.cookies(cookies)}
	for i, raw := range origins {
		var o object
		if json.Unmarshal(raw, &o) != nil || o == nil {
			r.drop(Ref{}, "entry %d of the origins is none", i+1)
			continue
		}
		s.Origins = append(s.Origins, decodeOrigin(o, &r))
	}
	// A virtual authenticator would answer every site's question, and has private keys.
	if full(fields.take("credentials")) {
		r.drop(Ref{}, "passkeys are not carried to other browsers")
	}
	s.Unknown = fields.rest()
	return s, r, nil
}

func decodeOrigin(o object, r *Report) Origin {
	name, _ := o.text("origin")
	origin := Origin{Origin: name}
	var items []json.RawMessage
	if unmarshal(o.take("localStorage"), &items) != nil {
		r.drop(Ref{}, "%s: its local storage is not a list", origin)
	}
	for _, raw := range items {
		var item struct{ Name, Value *string }
		if json.Unmarshal(raw, &item) != nil || item.Name == nil || item.Value == nil {
			r.drop(Ref{}, "%s: an entry of its local storage is none", origin)
			continue
		}
		origin.LocalStorage = append(origin.LocalStorage, Item{*item.Name, *item.Value})
	}
	if full(o.take("opfs")) {
		r.drop(Ref{}, "%s: its files (OPFS) are not carried to other browsers", origin)
	}
	origin.Unknown = o.rest()
	return origin
}

func unmarshal(raw json.RawMessage, v any) error {
	if raw == nil {
		return nil
	}
	return json.Unmarshal(raw, v)
}

// full reports whether a field has anything.
func full(raw json.RawMessage) bool {
	var list []json.RawMessage
	return raw != nil && (json.Unmarshal(raw, &list) != nil || len(list) > 0)
}

// The types of the file, as far as it is known.
type (
	fileState struct {
		Cookies []json.RawMessage `json:"cookies"`
		Origins []json.RawMessage `json:"origins"`
	}
	fileCookie struct {
		Name                 string   `json:"name"`
		Value                string   `json:"value"`
		Domain               string   `json:"domain"`
		Path                 string   `json:"path"`
		Expires              float64  `json:"expires"`
		HTTPOnly             bool     `json:"httpOnly"`
		Secure               bool     `json:"secure"`
		SameSite             SameSite `json:"sameSite,omitempty"`
		PartitionKey         string   `json:"partitionKey,omitempty"`
		HasCrossSiteAncestor *bool    `json:"_crHasCrossSiteAncestor,omitempty"`
	}
	fileOrigin struct {
		Origin       string     `json:"origin"`
		LocalStorage []fileItem `json:"localStorage"`
	}
	fileItem struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// Marshal writes the state as Playwright does, with all that Parse did not know.
func (s State) Marshal() ([]byte, error) {
	file := fileState{Cookies: []json.RawMessage{}, Origins: []json.RawMessage{}}
	for _, c := range s.Cookies {
		raw, err := merge(encodeCookie(c), c.Unknown)
		if err != nil {
			return nil, err
		}
		file.Cookies = append(file.Cookies, raw)
	}
	for _, o := range s.Origins {
		f := fileOrigin{Origin: o.Origin, LocalStorage: []fileItem{}}
		for _, item := range o.LocalStorage {
			f.LocalStorage = append(f.LocalStorage, fileItem(item))
		}
		raw, err := merge(f, o.Unknown)
		if err != nil {
			return nil, err
		}
		file.Origins = append(file.Origins, raw)
	}
	return merge(file, s.Unknown)
}

func encodeCookie(c Cookie) fileCookie {
	f := fileCookie{Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Expires: -1,
		HTTPOnly: c.HTTPOnly, Secure: c.Secure, SameSite: c.SameSite}
	if !c.Expires.IsZero() {
		f.Expires = float64(c.Expires.Unix()) + float64(c.Expires.Nanosecond())/1e9
	}
	if c.Partition != nil {
		f.PartitionKey, f.HasCrossSiteAncestor = c.Partition.TopLevelSite, &c.Partition.HasCrossSiteAncestor
	}
	return f
}

// merge writes an object of known fields, with the unknown ones behind them.
func merge(known any, unknown map[string]json.RawMessage) (json.RawMessage, error) {
	text, err := encode(known)
	if err != nil || len(unknown) == 0 {
		return text, err
	}
	more, err := encode(unknown)
	if err != nil {
		return nil, err
	}
	return append(append(text[:len(text)-1], ','), more[1:]...), nil
}

// encode is json.Marshal without the escapes that only a web page needs.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
