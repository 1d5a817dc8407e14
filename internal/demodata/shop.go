package demodata

// product of the shop. Prices are in euros, tax included.
type product struct {
	id, name, category string
	price              float64
}

func products() []option[product] {
	return []option[product]{
		{14, product{"monstera-deliciosa", "Monstera deliciosa", "foliage", 34.90}},
		{11, product{"fiddle-leaf-fig", "Fiddle-leaf fig", "foliage", 49.00}},
		{10, product{"snake-plant", "Snake plant", "easy care", 19.90}},
		{9, product{"zz-plant", "ZZ plant", "easy care", 24.50}},
		{8, product{"string-of-pearls", "String of pearls", "succulents", 14.90}},
		{7, product{"aloe-vera", "Aloe vera", "succulents", 12.50}},
		{7, product{"boston-fern", "Boston fern", "ferns", 17.90}},
		{6, product{"maidenhair-fern", "Maidenhair fern", "ferns", 21.00}},
		{6, product{"orchid-white", "White moth orchid", "flowering", 27.90}},
		{5, product{"peace-lily", "Peace lily", "flowering", 18.50}},
		{5, product{"olive-tree", "Olive tree", "outdoor", 89.00}},
		{4, product{"japanese-maple", "Japanese maple", "outdoor", 129.00}},
		{5, product{"terracotta-pot", "Terracotta pot, 18 cm", "pots", 11.90}},
		{4, product{"self-watering-pot", "Self-watering pot", "pots", 29.90}},
		{3, product{"brass-mister", "Brass mister", "tools", 24.90}},
		{3, product{"moisture-sensor", "Soil moisture sensor", "tools", 39.00}},
	}
}

// terms are what people look for, with the number of results; none is what a shopkeeper wants to know about.
func terms() []option[term] {
	return []option[term]{
		{12, term{"monstera", 9}},
		{9, term{"low light plants", 14}},
		{8, term{"fern", 11}},
		{8, term{"pet safe", 7}},
		{7, term{"pot 20cm", 6}},
		{6, term{"succulent", 13}},
		{5, term{"orchid", 5}},
		{5, term{"olive tree", 2}},
		{4, term{"gift card", 0}},
		{4, term{"bonsai", 0}},
		{3, term{"fertilizer", 4}},
		{3, term{"hanging basket", 3}},
	}
}

type term struct {
	text    string
	results int
}

type page struct{ path, title string }

// entrances are where visits begin.
func entrances() []option[page] {
	return []option[page]{
		{40, page{"/", "Juniper & Fern"}},
		{16, page{"/plants", "All plants"}},
		{11, page{"/plants/easy-care", "Easy-care plants"}},
		{9, page{"/journal/plants-for-dark-rooms", "Plants for dark rooms"}},
		{8, page{"/journal/repotting-in-spring", "Repotting, step by step"}},
		{7, page{"/plants/outdoor", "Outdoor plants"}},
		{5, page{"/gifts", "Gifts"}},
		{4, page{"/sale", "Last leaves"}},
	}
}

// asides are what people read on the way.
func asides() []option[page] {
	return []option[page]{
		{22, page{"/plants", "All plants"}},
		{14, page{"/plants/foliage", "Foliage plants"}},
		{12, page{"/plants/succulents", "Succulents"}},
		{10, page{"/plants/flowering", "Flowering plants"}},
		{9, page{"/pots", "Pots"}},
		{9, page{"/journal", "Journal"}},
		{8, page{"/delivery", "Delivery and returns"}},
		{6, page{"/about", "About us"}},
		{5, page{"/plants/care-guide", "Care guide"}},
		{5, page{"/journal/watering-less", "Water less"}},
	}
}
