"""An example of a service on the chassis: orders, and the invoices for them."""
