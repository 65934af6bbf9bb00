package capture

import dutytest "github.com/matoi119/matoi/test/duty"

var duty = dutytest.Holds
