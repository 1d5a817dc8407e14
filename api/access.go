package api

import (
	"net/netip"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// access says who may call an operation of the contract.
type access struct {
	public  bool               // anybody
	session bool               // somebody logged in, whatever their role
	needs   tenants.Permission // a person's role or a key's scope must allow it
	orScope tenants.Scope      // a key with this scope will do as well
	operate bool               // whoever runs the installation
	schemas bool               // whoever may look up schemas in the registry
}

// accessTo lists every operation but ingestion, which looks after itself. One that is missing here is refused.
func accessTo(operation string) (access, bool) {
	query := access{needs: tenants.Query}
	following := access{needs: tenants.Query, orScope: tenants.ScopePrivacyWrite}
	a, ok := map[string]access{
		"healthz": {public: true}, "readyz": {public: true}, "getJWKS": {public: true},
		"signUp": {public: true}, "logIn": {public: true}, "logOut": {public: true},
		"requestPasswordReset": {public: true}, "confirmPasswordReset": {public: true}, "confirmEmailVerification": {public: true},
		"previewInvitation": {public: true}, "acceptInvitation": {public: true},

		"getMe": {session: true}, "changePassword": {session: true}, "switchTenant": {session: true}, "requestEmailVerification": {session: true},

		"getReceipt": {needs: tenants.Query, orScope: tenants.ScopeEventsWrite},
		"getLedger":  query, "listQuarantine": query, "queryTrends": query, "queryEvents": query, "getEvent": query, "getCatalog": query, "streamEvents": query,
		"listPeople": query, "getPerson": query, "listPersonEvents": query, "getPersonHistory": query,
		"getPolicy": query, "listPolicyVersions": query, "rehearsePolicy": query, "publishPolicy": {needs: tenants.ManageData, orScope: tenants.ScopePrivacyWrite},
		"inferSchema": query, "rehearseSchema": query, "getSchemaStub": {schemas: true},
		"listDetectors": query, "listRedactionSecrets": query, "rotateRedactionSecret": {needs: tenants.ManageData}, "revealTokens": {needs: tenants.ManageData},
		"listCauses": query, "getCause": query, "listReplays": query, "getReplay": query, "rehearseReplay": {needs: tenants.ManageData},
		"createReplay": {needs: tenants.ManageData}, "pauseReplay": {needs: tenants.ManageData}, "resumeReplay": {needs: tenants.ManageData}, "cancelReplay": {needs: tenants.ManageData},
		"getPipeline": query, "listJobs": query, "getJob": query, "getJobDurations": query,
		"retryJob": {needs: tenants.ManageData}, "pauseJob": {needs: tenants.ManageData}, "resumeJob": {needs: tenants.ManageData}, "cancelJob": {needs: tenants.ManageData},
		"getBreakdowns": query, "chooseBreakdowns": {needs: tenants.ManageData}, "backfillRollups": {needs: tenants.ManageData},
		"getTenant": query, "listSources": query,

		"listAlerts": query, "getAlert": query, "previewAlert": query, "listAlertEvaluations": query, "listIncidents": query, "getIncident": query, "listSilences": query, "getSilence": query,
		"createAlert": {needs: tenants.ManageAlerts}, "updateAlert": {needs: tenants.ManageAlerts}, "deleteAlert": {needs: tenants.ManageAlerts},
		"enableAlert": {needs: tenants.ManageAlerts}, "disableAlert": {needs: tenants.ManageAlerts},
		"createSilence": {needs: tenants.ManageAlerts}, "updateSilence": {needs: tenants.ManageAlerts}, "deleteSilence": {needs: tenants.ManageAlerts},

		"getQuality": query, "listQualityChecks": query, "getQualityCheck": query, "listQualityResults": query,
		"createQualityCheck": {needs: tenants.ManageAlerts}, "updateQualityCheck": {needs: tenants.ManageAlerts}, "deleteQualityCheck": {needs: tenants.ManageAlerts},

		"listChannels": query, "getChannel": query, "createChannel": {needs: tenants.ManageChannels}, "updateChannel": {needs: tenants.ManageChannels},
		"deleteChannel": {needs: tenants.ManageChannels}, "rotateChannelSecret": {needs: tenants.ManageChannels}, "testChannel": {needs: tenants.ManageAlerts},
		"listEscalations": query, "getEscalation": query, "getIncidentEscalation": query, "createEscalation": {needs: tenants.ManageAlerts},
		"updateEscalation": {needs: tenants.ManageAlerts}, "deleteEscalation": {needs: tenants.ManageAlerts},
		"listRotations": query, "getRotation": query, "listShifts": query, "createRotation": {needs: tenants.ManageAlerts},
		"updateRotation": {needs: tenants.ManageAlerts}, "deleteRotation": {needs: tenants.ManageAlerts}, "listDeliveries": query,
		"acknowledgeIncident": {needs: tenants.ManageAlerts}, "snoozeIncident": {needs: tenants.ManageAlerts}, "resolveIncident": {needs: tenants.ManageAlerts},

		"getCertificateKeys": {public: true}, "downloadPrivacyExport": {public: true}, "getPrivacyCertificate": following,
		"getPrivacyExport": {needs: tenants.ManagePrivacy}, "createPrivacyExportLink": {needs: tenants.ManagePrivacy},
		"previewRetention": {needs: tenants.ManagePrivacy}, "runRetention": {needs: tenants.ManagePrivacy}, "listRetentionRuns": following, "getMinimisation": following,
		"getArchive": following, "putArchive": {needs: tenants.ManagePrivacy},
		"listInvoices": {needs: tenants.ViewBilling}, "getInvoice": {needs: tenants.ViewBilling}, "downloadInvoice": {needs: tenants.ViewBilling},
		"listInvoiceLineHours": {needs: tenants.ViewBilling}, "listInvoiceLineEvents": {needs: tenants.ViewBilling}, "listCredits": {needs: tenants.ViewBilling},
		"compareReceipts": {needs: tenants.ViewBilling},
		"getOffboarding":  {needs: tenants.ManageTenant}, "startOffboarding": {needs: tenants.ManageTenant}, "cancelOffboarding": {needs: tenants.ManageTenant},
		"downloadOffboardingExport": {public: true}, "downloadOffboardingCertificate": {public: true},
		"listSuppressions": following, "lookUpSuppressions": {needs: tenants.ManagePrivacy},
		"createPrivacyRequest": {needs: tenants.ManagePrivacy}, "listPrivacyRequests": following, "getPrivacyRequest": following, "listPrivacyDeadlines": following,
		"listPrivacySubjects": {needs: tenants.ManagePrivacy}, "approvePrivacyRequest": {needs: tenants.ManagePrivacy}, "cancelPrivacyRequest": {needs: tenants.ManagePrivacy},
		"extendPrivacyRequest": {needs: tenants.ManagePrivacy}, "previewPrivacyRequest": {needs: tenants.ManagePrivacy},

		"getPrivacyForm": {needs: tenants.ManagePrivacy}, "putPrivacyForm": {needs: tenants.ManagePrivacy},
		"getPublicForm": {public: true}, "fileByForm": {public: true}, "confirmFiling": {public: true},
		"listRegulations": {needs: tenants.ManagePrivacy}, "createRegulation": {needs: tenants.ManagePrivacy},
		"getRegulation": {needs: tenants.ManagePrivacy}, "deleteRegulation": {needs: tenants.ManagePrivacy},

		"getPayment": {needs: tenants.ViewBilling}, "createCheckout": {needs: tenants.ManageBilling}, "createPortal": {needs: tenants.ManageBilling},
		"getQuota": {needs: tenants.ViewBilling}, "releaseHeld": {needs: tenants.ManageBilling},
		"listPlans": {needs: tenants.ViewBilling}, "getSubscription": {needs: tenants.ViewBilling}, "previewSubscription": {needs: tenants.ViewBilling}, "changeSubscription": {needs: tenants.ManageBilling},
		"getUsage": {needs: tenants.ViewBilling}, "listUsageHours": {needs: tenants.ViewBilling}, "sampleUsageEvents": {needs: tenants.ViewBilling},

		"updateTenant": {needs: tenants.ManageTenant},
		"createSource": {needs: tenants.ManageSources}, "updateSource": {needs: tenants.ManageSources}, "archiveSource": {needs: tenants.ManageSources},
		"listKeys": {needs: tenants.ManageKeys}, "createKey": {needs: tenants.ManageKeys}, "updateKey": {needs: tenants.ManageKeys},
		"rotateKey": {needs: tenants.ManageKeys}, "revokeKey": {needs: tenants.ManageKeys},
		"listMembers": query, "updateMember": {needs: tenants.ManageMembers},
		"removeMember":    {session: true}, // everybody may leave; removing others needs ManageMembers, which the domain asks for
		"listInvitations": {needs: tenants.ManageMembers}, "createInvitation": {needs: tenants.ManageMembers}, "withdrawInvitation": {needs: tenants.ManageMembers},
		"listOperatorTenants": {operate: true}, "getOperatorTenant": {operate: true}, "putOperatorSubscription": {operate: true},
		"grantOperatorCredit": {operate: true}, "markOperatorInvoice": {operate: true}, "suspendTenant": {operate: true}, "resumeTenant": {operate: true},

		"listAudit": {needs: tenants.ViewAudit}, "verifyAudit": {needs: tenants.ViewAudit},
	}[operation]
	return a, ok
}

// admit lets a request through if its caller may call the operation behind its route.
func (s *server) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		route := s.routes.of(c)
		if route == nil {
			return echo.ErrNotFound
		}
		rule, known := accessTo(route.Operation.OperationID)
		if !known {
			return fault.New(fault.Forbidden, "not_allowed", "This operation is not open to anybody.")
		}
		it := callOf(c)
		if err := s.admitCaller(c, it, rule); err != nil {
			return err
		}
		c.SetRequest(c.Request().WithContext(withCall(c.Request().Context(), it)))
		return next(c)
	}
}

func (s *server) admitCaller(c echo.Context, it *call, rule access) error {
	r := c.Request()
	it.address, _ = netip.ParseAddr(c.RealIP())
	if rule.operate {
		return s.admitOperator(c, it)
	}
	if _, isKey := bearer(r); !isKey {
		if err := s.origins.Check(r); err != nil {
			return fault.New(fault.Forbidden, "cross_origin", "A page of another origin may not do this.").Because(err)
		}
	}
	if rule.public {
		if cookie, err := r.Cookie(s.sessionCookie()); err == nil {
			it.sessionToken = cookie.Value
		}
		return nil
	}
	if err := s.identify(r, it); err != nil {
		return err
	}
	return rule.check(it)
}

func (a access) check(it *call) error {
	switch {
	case it.session == nil && it.principal.Key == nil:
		return tenants.ErrSessionMissing
	case a.session && it.session == nil:
		return fault.New(fault.Forbidden, "session_needed", "This is for people. Log in instead of using a key.")
	case a.session:
		return nil
	case it.principal.Tenant.IsZero():
		return tenants.ErrNoMembership
	case a.schemas:
		return readsRegistry(it.principal)
	case a.orScope != "" && it.principal.Key != nil && it.principal.Has(a.orScope):
		return nil
	default:
		return it.principal.Require(a.needs)
	}
}
