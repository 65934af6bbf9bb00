package eido

import duties "github.com/matoi119/matoi/test/duty"

var duty = duties.Holds
