package campaign

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// SecretPrefix begins every token's secret, so that one is known when it turns up where it should not be.
const SecretPrefix = "rd_"

// Token lets somebody in. Its secret is shown once, when it is made; the record keeps only the secret's hash.
type Token struct {
	ID        TokenID
	Owner     string // an agent's login, a person's or a machine's name
	Role      Role
	Agent     AgentID // for role agent, and only for it: the agent it may act for; else 0
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time // last use, to about a minute; zero: not yet
	RevokedAt time.Time // zero: in force

	Campaigns   []CampaignID // it may see and change these alone; empty: every one. Never of roles agent and admin
	Permissions []Permission
	Certificate string // the name of the client certificate that it is, with its kind (CertificateName); empty: it has a secret
}

// InForce says whether the token lets its owner in at t.
func (t *Token) InForce(at time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || at.Before(t.ExpiresAt))
}

// Caller is who is asking when this token is shown.
func (t *Token) Caller() Caller {
	return Caller{Token: t.ID, Owner: t.Owner, Role: t.Role, Agent: t.Agent, Campaigns: t.Campaigns, Permissions: t.Permissions}
}

// Validate names what is wrong with a token that is to be made.
func (t *Token) Validate() error {
	var v []Violation
	if o := strings.TrimSpace(t.Owner); o == "" || len(t.Owner) > 100 {
		v = append(v, Violation{"owner", "must be 1 to 100 characters: an agent's login, a person's or a machine's name"})
	}
	if _, err := ParseRole("role", string(t.Role)); err != nil {
		v = append(v, Violation{"role", "must be one of agent, supervisor, manager, crm, quality, admin"})
	}
	if (t.Role == RoleAgent) != (t.Agent != 0) {
		v = append(v, Violation{"agent", "is needed for role agent, and only for it"})
	}
	if len(t.Campaigns) > 0 && !t.Role.Restrictable() {
		v = append(v, Violation{"campaign_ids", "are not for roles agent and admin: an agent sees what it is offered, an admin everything"})
	}
	if len(t.Campaigns) > campaignsMost {
		v = append(v, Violation{"campaign_ids", fmt.Sprintf("are %d: at most %d", len(t.Campaigns), campaignsMost)})
	}
	for i, id := range t.Campaigns {
		if id <= 0 {
			v = append(v, Violation{fmt.Sprintf("campaign_ids[%d]", i), "must be the number that lists show"})
		}
	}
	for i, p := range t.Permissions {
		if !slices.Contains(Permissions, p) {
			v = append(v, Violation{fmt.Sprintf("permissions[%d]", i), "must be one of numbers, privacy"})
		}
	}
	if _, c, _ := CutCertificate(t.Certificate); len(c) > 200 || !utf8.ValidString(c) || strings.TrimSpace(c) != c || strings.ContainsFunc(c, func(r rune) bool { return !unicode.IsPrint(r) }) {
		v = append(v, Violation{"certificate", "must be at most 200 printable characters, as the certificate has them: uri: or dns: and its first SAN of that type, else cn: and its common name"})
	}
	if len(v) > 0 {
		return &Error{Kind: KindInvalid, Violations: v}
	}
	return nil
}

// campaignsMost bounds the campaigns that a token is restricted to.
const campaignsMost = 1000

// NewSecret makes a token's secret: 160 random bits that survive being read aloud or pasted.
func NewSecret() string { return SecretPrefix + strings.ToLower(rand.Text()+rand.Text()[:6]) }

// HashSecret is what the record keeps of a secret: SHA-256 in hex. A secret is random, so it needs no salt.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// ParseRole reads a role as people and the API write it.
func ParseRole(field, s string) (Role, error) {
	for _, r := range Roles {
		if string(r) == s {
			return r, nil
		}
	}
	return "", Invalid(field, "must be one of agent, supervisor, manager, crm, quality, admin")
}
