package testportal

import "github.com/poactor/poactor/po"

// Phrases of Coupa's pages.
const (
	phraseOops   = "Oops! We couldn't find what you wanted"
	phraseMoved  = "The page you were looking for doesn't exist"
	phraseOopsPt = "Desculpe, não encontramos o que você procurava"
	phraseDenied = "You are not authorized to view this page."
)

// everyScenario makes 60 orders in a round.
func everyScenario() []scenario {
	var all []scenario
	for _, l := range append(attributeLinks[:], clickLinks[:]...) {
		all = append(all, scenario{"link " + string(l), 1, func(b *planner, o *order) { b.fill(o, 2, l) }})
	}
	all = append(all, listScenarios()...)
	all = append(all, endScenarios()...)
	all = append(all, pageTroubleScenarios()...)
	return append(all, fileTroubleScenarios()...)
}

// listScenarios are about what a page shows.
func listScenarios() []scenario {
	return []scenario{
		{"ordinary", 7, ordinary},
		{"big file", 1, func(b *planner, o *order) {
			b.fill(o, 1, linkHref)
			o.files[0] = b.file(o, docZIP, linkHref)
			o.files[0].size = bigFile
		}},
		{"twelve files", 1, func(b *planner, o *order) { b.fill(o, 12, linkHref, linkDownload, linkData, linkButton) }},
		{"same name", 1, sameName(linkHref)},
		{"same name by click", 1, sameName(linkButton)},
		{"hostile names", 1, hostile(linkHref, linkDownload, linkData)},
		{"hostile names by click", 1, hostile(linkButton, linkBlob, linkInline)},
		{"hostile supplier", 1, func(b *planner, o *order) {
			b.fill(o, 1, linkHref)
			o.supplier = hostileSupplier
		}},
		{"covered links", 1, func(b *planner, o *order) {
			b.fill(o, 2, linkButton, linkForm)
			o.cover = true
		}},
		{"two links a file", 1, func(b *planner, o *order) {
			b.fill(o, 2, linkHref)
			o.twins = true
		}},
		{"controls", 1, func(b *planner, o *order) {
			b.fill(o, 2, linkDownload)
			o.controls = true
		}},
		{"frame of another site", 1, func(b *planner, o *order) {
			b.fill(o, 2, linkHref, linkWindow)
			o.widget = true
		}},
		{"slow list", 1, func(b *planner, o *order) {
			ordinary(b, o)
			o.listDelay = slowList
		}},
		{"empty file", 1, func(b *planner, o *order) {
			b.fill(o, 2, linkHref)
			o.files[0] = b.file(o, docPDF, linkHref)
			o.files[0].size = 0
		}},
	}
}

// endScenarios are orders without attachments of their own.
func endScenarios() []scenario {
	requisition := func(n int, status po.Status) func(*planner, *order) {
		return func(b *planner, o *order) {
			b.fillRequisition(o, n)
			o.status = status
		}
	}
	return []scenario{
		{"none", 3, ends(pageList, "en", "", po.NoAttachments, "")},
		{"none in Portuguese", 1, ends(pageList, "pt", "", po.NoAttachments, "")},
		{"on requisition", 3, requisition(2, po.Completed)},
		{"none on requisition", 1, requisition(0, po.NoAttachments)},
		{"gone 404", 3, ends(pageGone, "en", phraseOops, po.NotFound, po.CauseNotFound)},
		{"gone 404 without a phrase", 1, ends(pageGoneBare, "en", "", po.NotFound, po.CauseNotFound)},
		{"gone 200", 1, ends(pageGoneText, "en", phraseOops, po.NotFound, po.CauseNotFound)},
		{"moved 200", 1, ends(pageGoneText, "en", phraseMoved, po.NotFound, po.CauseNotFound)},
		{"gone 200 in Portuguese", 1, ends(pageGoneText, "pt", phraseOopsPt, po.NotFound, po.CauseNotFound)},
		{"forbidden 403", 1, ends(pageDenied, "en", phraseDenied, po.Failed, po.Forbidden)},
		{"forbidden 200", 1, ends(pageDeniedText, "en", phraseDenied, po.Failed, po.Forbidden)},
	}
}

func pageTroubleScenarios() []scenario {
	return []scenario{
		{"page 429 once", 1, pageTroubled(Throttle, 1)},
		{"page 500 once", 1, pageTroubled(Error500, 1)},
		{"page 503 once", 1, pageTroubled(Error503, 1)},
		{"page reset once", 1, pageTroubled(Reset, 1)},
	}
}

func fileTroubleScenarios() []scenario {
	return []scenario{
		{"file cut always", 1, lostFor(3, Truncate, po.Partial, po.DownloadIncomplete)},
		{"file cut once", 1, troubled(2, docPDF, Truncate, 1)},
		{"file HTML always", 1, lostFor(2, HTML, po.Partial, po.DownloadRejected)},
		{"file disguised HTML always", 1, lostFor(1, Disguise, po.Failed, po.DownloadRejected)},
		{"file HTML once", 1, troubled(2, docPDF, HTML, 1)},
		{"file 429 once", 1, troubled(2, docXLSX, Throttle, 1)},
		{"file 500 once", 1, troubled(2, docPNG, Error500, 1)},
		{"file 503 once", 1, troubled(1, docMSG, Error503, 1)},
	}
}

// costlyScenarios make a client wait for its time limits.
func costlyScenarios() []scenario {
	listTroubled := func(f Fault, times int) func(*planner, *order) {
		return func(b *planner, o *order) {
			ordinary(b, o)
			o.listTrouble = trouble{f, times}
		}
	}
	failing := func(f Fault, cause po.Cause) func(*planner, *order) {
		return func(b *planner, o *order) {
			pageTroubled(f, forever)(b, o)
			o.status, o.cause = po.Failed, cause
		}
	}
	return []scenario{
		{"page hangs once", 1, pageTroubled(Hang, 1)},
		{"list hangs once", 1, listTroubled(Hang, 1)},
		{"list 500 once", 1, listTroubled(Error500, 1)},
		{"file hangs once", 1, troubled(2, docPDF, Hang, 1)},
		{"page 429 always", 1, failing(Throttle, po.Throttled)},
		{"page 500 always", 1, failing(Error500, po.PortalError)},
		{"page 503 always", 1, failing(Error503, po.Throttled)},
		{"no sign", 1, ends(pageHalf, "en", "", po.Failed, po.UnrecognisedPage)},
		{"blank page", 1, ends(pageBlank, "en", "", po.Failed, po.UnrecognisedPage)},
		{"empty file without a length", 1, lostFor(2, Unannounced, po.Partial, po.DownloadRejected)},
	}
}

// sameName is an order two files of which have one name.
func sameName(l link) func(*planner, *order) {
	return func(b *planner, o *order) {
		b.fill(o, 3, l)
		o.files[0] = b.file(o, docPDF, l)
		o.files[2] = b.file(o, docPDF, l)
		o.files[0].name, o.files[2].name = "Invoice.pdf", "Invoice.pdf"
	}
}

// hostile is an order with all hostile names, behind links of the given kinds
// in turn.
func hostile(links ...link) func(*planner, *order) {
	return func(b *planner, o *order) {
		for i, name := range hostileNames() {
			f := b.file(o, docPDF, links[i%len(links)])
			f.name, f.size = name, smallestFile
			o.files = append(o.files, f)
		}
	}
}

// coupaVanish makes an order one that is not found.
func coupaVanish(o *order) {
	*o = order{number: o.number, written: o.written, kind: "gone", lang: "en", supplier: o.supplier}
	ends(pageGone, "en", phraseOops, po.NotFound, po.CauseNotFound)(nil, o)
}
