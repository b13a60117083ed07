package portal

// coupa is the built-in definition of Coupa. The selectors, phrases and
// patterns are those that real tenants' pages needed (2025-2026). There is no
// base URL: every company has its own.
func coupa() Portal {
	return Portal{
		Name: "coupa",
		Order: OrderPage{
			Path:   "/order_headers/{number}",
			Number: `(?i:PO|PM)?(\d{6,})`,
		},
		Signs: coupaSigns(),
		Attachments: Attachments{
			Links:       coupaLinks(),
			Name:        defaultName(),
			NamePattern: `(?i)^(.+?)\s+file attachment$`,
			Target:      defaultTarget(),
			// The list is drawn in one go from one answer: what comes in pieces
			// comes frame by frame, 17 ms apart.
		},
		SignIn: SignIn{Hosts: coupaSignInHosts()},
		Supplier: []string{
			"span[data-supplier-name]",
			"span[class*='supplier-name']",
			".supplier-info span",
			"[data-testid*='supplier'] span",
			"section div[class*='supplier'] span",
		},
		Fallback: Fallback{
			Links: []string{
				"a[href*='/requisition_headers/']",
				"a[href*='requisition_header']",
				"a[data-testid*='requisition']",
				"a[data-qa*='requisition']",
				"a[href*='/req/']",
			},
			Texts: []string{"Requisition", "Purchase Requisition", "Requisição", "Requisições"},
		},
	}
}

// coupaSigns leaves out div.notice, div.flash_error and #error_explanation on
// purpose: Coupa shows them for other things too, so that alone they say
// nothing about the order.
func coupaSigns() Signs {
	return Signs{
		Empty: Sign{
			Selectors: []string{".no_attachments"},
			Texts:     []string{"No attachments", "Nenhum anexo"},
		},
		NotFound: Sign{
			Texts: []string{
				"Oops! We couldn't find what you wanted",
				"The page you were looking for doesn't exist",
				"Desculpe, não encontramos o que você procurava",
			},
			Statuses: defaultNotFound(),
		},
		Forbidden: Sign{
			Texts:    []string{"You are not authorized", "Access denied"},
			Statuses: defaultForbidden(),
		},
		SignedOut: Sign{
			Selectors: []string{"input[type=password]"},
			Statuses:  defaultSignedOut(),
			URLs: []string{
				"/sessions/new",
				// Where companies' single sign-on commonly leads.
				"https://login.microsoftonline.com/*",
				"https://accounts.google.com/*",
				"https://*.okta.com/*",
				"https://*.onelogin.com/*",
				"https://*.pingone.com/*",
				// Coupa's own way to it.
				"https://*.coupahost.com/sp/*",
				"https://*.cloudcoupa.com/sp/*",
				"/sessions/saml_post",
			},
		},
		// The links for signing out that its menus have had; no page for who is not
		// signed in has one.
		SignedIn: Mark{
			Selectors: []string{
				"a[href*='/sessions/destroy']", "a[href*='/sessions/logout']", "a[href*='/sign_out']", "a[href*='/logout']",
				"[data-method='delete'][href*='/sessions']",
			},
		},
	}
}

// coupaSignInHosts are Coupa's own hosts on the way to a company's single sign-on, and
// those of the common identity providers; another company's is to be added.
func coupaSignInHosts() []string {
	return []string{
		"*.coupahost.com", "*.cloudcoupa.com", "login.microsoftonline.com", "login.microsoft.com", "login.live.com",
		"accounts.google.com", "*.okta.com", "*.oktacdn.com", "*.onelogin.com", "*.pingone.com", "*.pingidentity.com",
	}
}

// coupaLinks finds links by their address and, where a script does the work,
// by their label. The label must look like a file's ("offer.pdf attachment",
// or Coupa's own "NAME file attachment"), because buttons say "Add attachment"
// and sections "Attachments". Left out are what edits the list, and what is a
// part or the frame of another link. Nothing is left out by the first words of
// a label: a file may well be called "Add-on list.pdf".
func coupaLinks() []string {
	const (
		notEdit    = ":not([href^='#'], [href*='/attachments/new'], [data-method='delete'])"
		notEditURL = ":not([data-url*='/attachments/new'], [data-method='delete'])"
		notPart    = ":not(input, label, a *, button *, [role='button'] *)"
		notFrame   = ":not(:has(a, button, [role='button']))"
		clickable  = ":is(a, button, [role='button'], [role='link'])"
	)
	return []string{
		"a[href*='attachment' i]" + notEdit,
		"a[href*='download' i]" + notEdit,
		"a[download]",
		"[data-url*='attachment' i]" + notEditURL,
		"[data-url*='download' i]" + notEditURL,
		clickable + "[aria-label*='attachment' i][aria-label*='.']",
		clickable + "[title*='attachment' i][title*='.']",
		"[aria-label$=' file attachment' i]:not([aria-label='add file attachment' i])" + notPart + notFrame,
		"[title$=' file attachment' i]:not([title='add file attachment' i])" + notPart + notFrame,
	}
}
