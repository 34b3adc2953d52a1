// Package identity answers two questions about a request: who sends it, and may
// they do what it asks for. It speaks the protocols of Microsoft Entra ID and of
// Azure role-based access control, as far as applications need them, so that the
// credentials of the Azure SDKs and of az sign in to a node as they do to Azure.
//
//	Issuer      the node's tenant and its keys: signs access tokens (RS256)
//	Endpoints   the sign-in surface over HTTP: discovery, keys, token endpoints
//	Directory   service principals with their secrets, and role assignments
//	Verifier    what a front end asks about a bearer token: Claims, or why not
//
// A client gives its application ID and secret to Endpoints, which have the
// Directory authenticate it and the Issuer sign a token for the audience it asked
// for. It sends the token to a front end. That one asks the Verifier who it is,
// and then the Directory's Check whether a role assignment lets it do the action
// at the scope; the Grant of Check is what Azure logs about the permission.
//
//	issuer, err := identity.OpenIssuer(identity.IssuerConfig{Dir: data + "/identity"})
//	directory, err := identity.OpenDirectory(ctx, identity.DirectoryConfig{KeyValue: bucket, TenantID: issuer.TenantID()})
//	verifier, err := identity.NewVerifier(identity.VerifierConfig{Local: issuer, Directory: directory}) // to be closed
//	endpoints := identity.NewEndpoints(identity.EndpointsConfig{Issuer: issuer, Directory: directory, BaseURL: base})
//
//	claims, err := verifier.Verify(ctx, token, func(audience string) bool { return audience == "https://storage.azure.com" })
//	grant, ok := directory.Check(claims.PrincipalIDs(), action, true, scope)
//
// # Guarantees
//
// Verify and Check are made for every request of a data path: a token that was
// verified before costs a hash and a lookup, a check costs a lookup and a few
// comparisons, and neither takes a lock that a writer holds for long. Changes to
// the Directory are durable before they are visible, and visible at once. Tokens
// and secrets get into no error and no line of the logger; of a secret only a
// salted hash is kept. All that a client controls is bounded, guesses of secrets
// too.
//
// Tokens of other issuers are taken when the issuer is configured, with keys
// from a file, a URL or OpenID discovery; they cannot speak for a principal of
// the node's own directory.
//
// # What it does not do
//
// People do not sign in here: there is no password, no device code and no
// authorization code, and the endpoints that clients expect for them refuse. An
// application signs in with a secret, not with a certificate. Users and groups
// come from other issuers. Roles are the built-in ones of Azure that concern
// storage and monitoring; conditions and deny assignments do not exist. The
// bearer token of the node's local API is no matter of this package.
package identity
