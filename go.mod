module github.com/matoi119/matoi

go 1.26.0
