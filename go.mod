module github.com/observatory/observatory

go 1.26
