package main

import "net/http"

// protocols are HTTP/1 and, for gRPC, HTTP/2 without TLS, which proxies speak to what is behind them.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return p
}
