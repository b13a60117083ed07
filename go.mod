module github.com/poactor/poactor

go 1.26
