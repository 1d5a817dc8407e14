package accesslog

import "strings"

// isPageView tells page views from other requests: GET, answered with 2xx or 304 (not changed since the browser's copy),
// of a page.
func isPageView(r Record, path string) bool {
	answered := (r.Status >= 200 && r.Status <= 299) || r.Status == 304
	return r.Method == "GET" && answered && isPage(path)
}

// isPage goes by the end of the path, as the log does not tell the type of the answer. A path without extension is a
// page, and so is one with an extension that pages have. Everything else is not: styles, scripts, images, fonts, media,
// icons, feeds, documents to download. An extension is what follows the last dot of the last segment, made of at most
// eight letters and digits with a letter first, so that /release-1.2 is a page and /.env is not.
func isPage(path string) bool {
	file := path[strings.LastIndexByte(path, '/')+1:]
	dot := strings.LastIndexByte(file, '.')
	if dot < 0 {
		return true
	}
	switch ext := strings.ToLower(file[dot+1:]); ext {
	case "html", "htm", "xhtml", "shtml", "php", "asp", "aspx", "jsp", "jspx", "do", "cgi", "cfm":
		return true
	default:
		return !isExtension(ext)
	}
}

func isExtension(lower string) bool {
	const longest = 8
	if lower == "" || len(lower) > longest || lower[0] < 'a' || lower[0] > 'z' {
		return false
	}
	return strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// splitTarget takes a request's target apart into path and search, the latter with its question mark, as in a browser's
// location. Scheme and host of the form that proxies get are left out.
func splitTarget(target string) (path, search string) {
	target, _, _ = strings.Cut(target, "#")
	path, query, _ := strings.Cut(target, "?")
	if query != "" {
		search = "?" + query
	}
	if scheme, rest, found := strings.Cut(path, "://"); found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		path = "/"
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			path = rest[i:]
		}
	}
	return path, search
}
