package portal_test

import (
	"fmt"
	"net/url"

	"github.com/poactor/poactor/portal"
)

func Example() {
	coupa, _ := portal.Builtin("coupa")
	p, err := coupa.WithBaseURL("https://company.coupahost.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, number, err := p.Parse(` PO15262984 `)
	fmt.Println(key, number, err)
	fmt.Println(p.OrderURL(number))

	elsewhere, _ := url.Parse("https://company.coupahost.com@evil.example/")
	fmt.Println(p.Allowed(elsewhere))

	_, _, err = p.Parse("not a number")
	fmt.Println(err)
	// Output:
	// 15262984 15262984 <nil>
	// https://company.coupahost.com/order_headers/15262984
	// false
	// invalid_number: "not a number" is not an order number of this portal
}
