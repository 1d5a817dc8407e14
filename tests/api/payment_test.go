package api_test

// payment are the operations about who has paid.
func (x subjects) payment() []operation {
	return []operation{
		{id: "getPayment", method: "GET", path: "/v1/billing/payment", may: paying, status: 200},
		{id: "createCheckout", method: "POST", path: "/v1/billing/checkout", body: map[string]any{}, may: managing, status: 201},
		{id: "createPortal", method: "POST", path: "/v1/billing/portal", may: managing, status: 201},
	}
}
