package portal

// defaultNumber takes anything without white space for an order number.
const defaultNumber = `\S+`

func defaultTarget() []string { return []string{"href", "data-url", "data-href"} }

func defaultName() []string { return []string{"download", "title", "aria-label", "text", "url"} }

func defaultNotFound() []int { return []int{404, 410} }

func defaultForbidden() []int { return []int{403} }

func defaultSignedOut() []int { return []int{401} }

// withDefaults fills in what a definition leaves out. An empty list that is
// written out stays empty.
func (p Portal) withDefaults() Portal {
	p.BaseURL = trimBaseURL(p.BaseURL)
	if p.Order.Number == "" {
		p.Order.Number = defaultNumber
	}
	fill(&p.Attachments.Target, defaultTarget())
	fill(&p.Attachments.Name, defaultName())
	fill(&p.Signs.NotFound.Statuses, defaultNotFound())
	fill(&p.Signs.Forbidden.Statuses, defaultForbidden())
	fill(&p.Signs.SignedOut.Statuses, defaultSignedOut())
	return p
}

func fill[T any](list *[]T, value []T) {
	if *list == nil {
		*list = value
	}
}
