package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"redial/campaign/egress"
)

// faultOf is an error of the way to the receiver in words of our own: its text may hold the URL's password, or whatever
// the receiver chose to write into its answer or its certificate, which is for no manager and no log.
func faultOf(err error) string {
	if r, ok := errors.AsType[*egress.Refusal](err); ok {
		return r.Error()
	}
	dns, unnamed := errors.AsType[*net.DNSError](err)
	timeout, slow := errors.AsType[net.Error](err)
	switch {
	case unnamed && dns.IsNotFound:
		return "its host's name is not known"
	case unnamed:
		return "its host's name could not be looked up"
	case errors.Is(err, context.DeadlineExceeded), slow && timeout.Timeout():
		return fmt.Sprintf("did not answer in %v", PostTimeout)
	}
	if fault := tlsFault(err); fault != "" {
		return fault
	}
	_, network := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "cannot be reached: it refused the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "cannot be reached: it cut the connection"
	case network:
		return "cannot be reached: there is no way to its address"
	default:
		return "did not answer as a web server does"
	}
}

// tlsFault is what went wrong as the connection was secured; empty: nothing of that.
func tlsFault(err error) string {
	if _, is := errors.AsType[x509.HostnameError](err); is {
		return "its certificate is for another name"
	}
	if bad, is := errors.AsType[x509.CertificateInvalidError](err); is && bad.Reason == x509.Expired {
		return "its certificate has expired, or is not valid yet"
	}
	if _, is := errors.AsType[x509.UnknownAuthorityError](err); is {
		return "its certificate is of an authority that is not known here"
	}
	if _, is := errors.AsType[*tls.CertificateVerificationError](err); is {
		return "its certificate cannot be verified"
	}
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	if record || alert || errors.Is(err, http.ErrSchemeMismatch) {
		return "does not speak TLS as it should"
	}
	return ""
}
