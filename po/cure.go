package po

// help is a cause for those who have to do something about it.
type help struct{ text, cure string }

// helps has a text for each of Causes.
var helps = map[Cause]help{
	InvalidNumber: {"the number is none of this portal's",
		"correct the number in the list, then run the same command again"},
	CauseNotFound: {"the portal knows no such order",
		"look whether the number is right, and whether this user may see the order"},
	Forbidden: {"the portal refuses this user",
		"ask for the right to see these orders or files, or sign in as a user who has it (poactor login), then retry"},
	SignedOut: {"nobody was signed in", "sign in (poactor login), then retry"},
	Timeout: {"the portal did not answer in time",
		"retry, when the portal is less busy, or with a longer --task-timeout"},
	PortalError: {"the portal answered with an error, or not at all", "retry later"},
	Throttled:   {"the portal asked to slow down, again and again", "retry later, or with fewer --workers"},
	UnrecognisedPage: {"the page is none that the portal's definition knows",
		"look at the page that was saved as evidence; the portal may have changed"},
	DownloadIncomplete: {"fewer bytes came than were announced",
		"retry; if it stays so, open the file in the portal by hand"},
	DownloadRejected: {"what came is not the file that the portal lists",
		"open the file in the portal by hand: it may be damaged there"},
	BrowserDied: {"the browser crashed", "retry, with fewer --workers if memory is short"},
	BrowserHung: {"the browser did not answer any more", "retry, with fewer --workers if the machine is busy"},
	Quarantined: {"the order's page crashes browsers", "open it by hand, or retry with another --browser"},
	ProfileFailed: {"no browser profile could be made ready",
		"look for room and rights in the temporary directory, then retry"},
	DiskFull: {"the disk is full, or cannot be written to", "make room, then run the same command again"},
	BlockedHost: {"an address leads away from the portal's hosts",
		"if the host is the portal's, add it to allowed_hosts in the portal file, then retry"},
	Interrupted: {"the run was ended before", "run the same command again"},
	TaskFailed:  {"the program's own work on it failed", "see what it says, and run the program again"},
	Internal:    {"a bug of poactor", "report it with the log in the output directory"},
}

// Text says in words what a cause means, in a clause; the cause itself where it is none of
// Causes.
func (c Cause) Text() string {
	if h, ok := helps[c]; ok {
		return h.text
	}
	return string(c)
}

// Cure says in words what a person can do about orders that ended with a cause; empty
// where c is none of Causes.
func (c Cause) Cure() string { return helps[c].cure }
