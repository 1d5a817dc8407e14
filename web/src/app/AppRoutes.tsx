import { lazy, Suspense } from 'react'
import { Navigate, Outlet, Route, Routes, useLocation } from 'react-router'
import { SkeletonRows } from '../parts/States'
import { Gate } from './Gate'
import { Shell } from './Shell'

const LogIn = lazy(() => import('../pages/auth/LogIn'))
const SignUp = lazy(() => import('../pages/auth/SignUp'))
const Forgot = lazy(() => import('../pages/auth/Forgot'))
const Reset = lazy(() => import('../pages/auth/Reset'))
const Verify = lazy(() => import('../pages/auth/Verify'))
const Invite = lazy(() => import('../pages/auth/Invite'))
const Welcome = lazy(() => import('../pages/welcome/Welcome'))
const Overview = lazy(() => import('../pages/overview/Overview'))
const Explore = lazy(() => import('../pages/explore/Explore'))
const Events = lazy(() => import('../pages/explore/Events'))
const Live = lazy(() => import('../pages/live/Live'))
const EventDetail = lazy(() => import('../pages/event/EventDetail'))
const People = lazy(() => import('../pages/people/People'))
const PersonPage = lazy(() => import('../pages/people/PersonPage'))
const Catalog = lazy(() => import('../pages/data/Catalog'))
const Schemas = lazy(() => import('../pages/schemas/Schemas'))
const Infer = lazy(() => import('../pages/schemas/Infer'))
const Subject = lazy(() => import('../pages/schemas/Subject'))
const Contract = lazy(() => import('../pages/contract/Contract'))
const Redaction = lazy(() => import('../pages/redaction/Redaction'))
const Secret = lazy(() => import('../pages/redaction/Secret'))
const Enrichment = lazy(() => import('../pages/enrichment/Enrichment'))
const Delivery = lazy(() => import('../pages/data/Delivery'))
const Checks = lazy(() => import('../pages/quality/Checks'))
const CheckPage = lazy(() => import('../pages/quality/CheckPage'))
const Causes = lazy(() => import('../pages/quarantine/Causes'))
const CausePage = lazy(() => import('../pages/quarantine/CausePage'))
const QuarantinedEvents = lazy(() => import('../pages/quarantine/QuarantinedEvents'))
const Replays = lazy(() => import('../pages/quarantine/Replays'))
const HistoryReplay = lazy(() => import('../pages/quarantine/HistoryReplay'))
const ReplayPage = lazy(() => import('../pages/quarantine/ReplayPage'))
const QuarantineSettings = lazy(() => import('../pages/quarantine/Settings'))
const Receipts = lazy(() => import('../pages/data/Receipts'))
const Pipeline = lazy(() => import('../pages/work/Pipeline'))
const Runs = lazy(() => import('../pages/work/Runs'))
const Durations = lazy(() => import('../pages/work/Durations'))
const Failed = lazy(() => import('../pages/work/Failed'))
const Incidents = lazy(() => import('../pages/alerts/Incidents'))
const IncidentPage = lazy(() => import('../pages/alerts/IncidentPage'))
const Rules = lazy(() => import('../pages/alerts/Rules'))
const RulePage = lazy(() => import('../pages/alerts/RulePage'))
const NewRule = lazy(() => import('../pages/alerts/NewRule'))
const Silences = lazy(() => import('../pages/alerts/Silences'))
const Escalations = lazy(() => import('../pages/alerts/Escalations'))
const Channels = lazy(() => import('../pages/alerts/Channels'))
const Deliveries = lazy(() => import('../pages/alerts/Deliveries'))
const PrivacyRequests = lazy(() => import('../pages/privacy/Requests'))
const NewPrivacyRequest = lazy(() => import('../pages/privacy/NewRequest'))
const PrivacyRequestPage = lazy(() => import('../pages/privacy/RequestPage'))
const CertificatePage = lazy(() => import('../pages/privacy/CertificatePage'))
const Deadlines = lazy(() => import('../pages/privacy/Deadlines'))
const Retention = lazy(() => import('../pages/privacy/retention/Retention'))
const Suppressions = lazy(() => import('../pages/privacy/Suppressions'))
const Unused = lazy(() => import('../pages/privacy/unused/Unused'))
const FormSettings = lazy(() => import('../pages/privacy/form/FormSettings'))
const PublicForm = lazy(() => import('../pages/privacy/form/PublicForm'))
const ArchivePage = lazy(() => import('../pages/privacy/Archive'))
const Usage = lazy(() => import('../pages/usage/Usage'))
const Plan = lazy(() => import('../pages/usage/plan/Plan'))
const Invoices = lazy(() => import('../pages/usage/invoices/Invoices'))
const InvoicePage = lazy(() => import('../pages/usage/invoices/InvoicePage'))
const InvoiceSheet = lazy(() => import('../pages/usage/invoices/PrintPage'))
const Quota = lazy(() => import('../pages/usage/quota/Quota'))
const Payment = lazy(() => import('../pages/usage/payment/Payment'))
const BillingCheck = lazy(() => import('../pages/usage/Check'))
const Organization = lazy(() => import('../pages/settings/Organization'))
const Sources = lazy(() => import('../pages/settings/Sources'))
const Members = lazy(() => import('../pages/settings/Members'))
const Audit = lazy(() => import('../pages/settings/Audit'))
const Account = lazy(() => import('../pages/settings/Account'))
const OperatorGate = lazy(() => import('../pages/operator/OperatorGate'))
const OperatorTenants = lazy(() => import('../pages/operator/Tenants'))
const OperatorTenant = lazy(() => import('../pages/operator/Tenant'))
const NotFound = lazy(() => import('../pages/NotFound'))

/** Every page and its address. */
export function AppRoutes() {
  return (
    <Suspense fallback={null}>
      <Routes>
        <Route path="/login" element={<LogIn />} />
        <Route path="/signup" element={<SignUp />} />
        <Route path="/forgot" element={<Forgot />} />
        <Route path="/reset" element={<Reset />} />
        <Route path="/verify" element={<Verify />} />
        <Route path="/invite" element={<Invite />} />
        <Route path="/privacy/form/:token" element={<PublicForm />} />
        <Route
          path="/operator"
          element={
            <OperatorGate>
              <Page />
            </OperatorGate>
          }
        >
          <Route index element={<OperatorTenants />} />
          <Route path="tenants/:tenant" element={<OperatorTenant />} />
        </Route>
        <Route
          path="/privacy/requests/:request/certificate"
          element={
            <Gate>
              <CertificatePage />
            </Gate>
          }
        />
        <Route
          path="/usage/invoices/:invoice/print"
          element={
            <Gate>
              <InvoiceSheet />
            </Gate>
          }
        />
        <Route
          element={
            <Gate>
              <Shell>
                <Page />
              </Shell>
            </Gate>
          }
        >
          <Route index element={<Overview />} />
          <Route path="/welcome" element={<Welcome />} />
          <Route path="/explore" element={<Explore />} />
          <Route path="/explore/events" element={<Events />} />
          <Route path="/live" element={<Live />} />
          <Route path="/events/:id" element={<EventDetail />} />
          <Route path="/people" element={<People />} />
          <Route path="/people/:id" element={<PersonPage />} />
          <Route path="/data" element={<Onward to="/data/catalog" />} />
          <Route path="/data/catalog" element={<Catalog />} />
          <Route path="/data/schemas" element={<Schemas />} />
          <Route path="/data/schemas/new" element={<Infer />} />
          <Route path="/data/schemas/subjects/:subject" element={<Subject />} />
          <Route path="/data/schemas/subjects/:subject/:tab" element={<Subject />} />
          <Route path="/data/contract" element={<Contract />} />
          <Route path="/data/redaction" element={<Redaction />} />
          <Route path="/data/redaction/secret" element={<Secret />} />
          <Route path="/data/enrichment" element={<Enrichment />} />
          <Route path="/data/delivery" element={<Delivery />} />
          <Route path="/data/quality" element={<Checks />} />
          <Route path="/data/quality/:check" element={<CheckPage />} />
          <Route path="/data/quarantine" element={<Causes />} />
          <Route path="/data/quarantine/events" element={<QuarantinedEvents />} />
          <Route path="/data/quarantine/replays" element={<Replays />} />
          <Route path="/data/quarantine/replays/new" element={<HistoryReplay />} />
          <Route path="/data/quarantine/replays/:replay" element={<ReplayPage />} />
          <Route path="/data/quarantine/settings" element={<QuarantineSettings />} />
          <Route path="/data/quarantine/:cause" element={<CausePage />} />
          <Route path="/data/receipts" element={<Receipts />} />
          <Route path="/data/receipts/:id" element={<Receipts />} />
          <Route path="/work" element={<Onward to="/work/pipeline" />} />
          <Route path="/work/pipeline" element={<Pipeline />} />
          <Route path="/work/runs" element={<Runs />} />
          <Route path="/work/durations" element={<Durations />} />
          <Route path="/work/failed" element={<Failed />} />
          <Route path="/alerts" element={<Incidents />} />
          <Route path="/alerts/incidents/:incident" element={<IncidentPage />} />
          <Route path="/alerts/new" element={<NewRule />} />
          <Route path="/alerts/rules" element={<Rules />} />
          <Route path="/alerts/rules/:rule" element={<RulePage />} />
          <Route path="/alerts/silences" element={<Silences />} />
          <Route path="/alerts/escalation" element={<Escalations />} />
          <Route path="/alerts/channels" element={<Channels />} />
          <Route path="/alerts/messages" element={<Deliveries />} />
          <Route path="/privacy" element={<PrivacyRequests />} />
          <Route path="/privacy/new" element={<NewPrivacyRequest />} />
          <Route path="/privacy/requests/:request" element={<PrivacyRequestPage />} />
          <Route path="/privacy/deadlines" element={<Deadlines />} />
          <Route path="/privacy/suppressions" element={<Suppressions />} />
          <Route path="/privacy/unused" element={<Unused />} />
          <Route path="/privacy/archive" element={<ArchivePage />} />
          <Route path="/privacy/form" element={<FormSettings />} />
          <Route path="/privacy/retention" element={<Retention />} />
          <Route path="/usage" element={<Usage />} />
          <Route path="/usage/plan" element={<Plan />} />
          <Route path="/usage/invoices" element={<Invoices />} />
          <Route path="/usage/invoices/:invoice" element={<InvoicePage />} />
          <Route path="/usage/quota" element={<Quota />} />
          <Route path="/usage/payment" element={<Payment />} />
          <Route path="/usage/check" element={<BillingCheck />} />
          <Route path="/settings" element={<Onward to="/settings/organization" />} />
          <Route path="/settings/organization" element={<Organization />} />
          <Route path="/settings/sources" element={<Sources />} />
          <Route path="/settings/members" element={<Members />} />
          <Route path="/settings/audit" element={<Audit />} />
          <Route path="/settings/account" element={<Account />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </Suspense>
  )
}

/** The page of a frame; the frame is there already while the page comes. */
function Page() {
  return (
    <Suspense fallback={<SkeletonRows rows={8} />}>
      <Outlet />
    </Suspense>
  )
}

/** To the first page of a section, with what the URL carries. */
function Onward({ to }: { to: string }) {
  const { search } = useLocation()
  return <Navigate to={to + search} replace />
}
