package demo

// A person is somebody of the demo's organization. The company is Microsoft's
// example contoso, the names are common ones that belong to nobody in
// particular.
type person struct {
	alias, given, surname string
	title, department     string
	office, zone          string
}

// people are in the order in which they are printed and described: the first
// one is who the service account acts as.
var people = []person{
	{"anna", "Anna", "Berg", "Managing Director", "Management", "Berlin", "Europe/Berlin"},
	{"ben", "Ben", "Carter", "Assistant", "Management", "London", "Europe/London"},
	{"carla", "Carla", "Diaz", "Head of Sales", "Sales", "Madrid", "Europe/Madrid"},
	{"david", "David", "Evans", "Account Manager", "Sales", "London", "Europe/London"},
	{"elif", "Elif", "Yilmaz", "Account Manager", "Sales", "Istanbul", "Europe/Istanbul"},
	{"frank", "Frank", "Fischer", "Account Manager", "Sales", "Berlin", "Europe/Berlin"},
	{"grace", "Grace", "Hill", "Account Manager", "Sales", "New York", "America/New_York"},
	{"hiro", "Hiro", "Tanaka", "Account Manager", "Sales", "Tokyo", "Asia/Tokyo"},
	{"ines", "Inês", "Sousa", "Head of Engineering", "Engineering", "Lisbon", "Europe/Lisbon"},
	{"jonas", "Jonas", "Weber", "Engineer", "Engineering", "Berlin", "Europe/Berlin"},
	{"kavya", "Kavya", "Rao", "Engineer", "Engineering", "Bengaluru", "Asia/Kolkata"},
	{"liam", "Liam", "Murphy", "Engineer", "Engineering", "Dublin", "Europe/Dublin"},
	{"mei", "Mei", "Chen", "Engineer", "Engineering", "Singapore", "Asia/Singapore"},
	{"noah", "Noah", "Wright", "Engineer", "Engineering", "Sydney", "Australia/Sydney"},
	{"olga", "Olga", "Novak", "Engineer", "Engineering", "Prague", "Europe/Prague"},
	{"pedro", "Pedro", "Alves", "Engineer", "Engineering", "São Paulo", "America/Sao_Paulo"},
	{"quinn", "Quinn", "Baker", "Designer", "Engineering", "New York", "America/New_York"},
	{"rosa", "Rosa", "Lindqvist", "Head of Finance", "Finance", "Stockholm", "Europe/Stockholm"},
	{"samir", "Samir", "Haddad", "Accountant", "Finance", "Berlin", "Europe/Berlin"},
	{"tara", "Tara", "Singh", "Accountant", "Finance", "London", "Europe/London"},
	{"uma", "Uma", "Nair", "Head of Support", "Support", "Bengaluru", "Asia/Kolkata"},
	{"viktor", "Viktor", "Horvat", "Support Engineer", "Support", "Zagreb", "Europe/Zagreb"},
	{"wendy", "Wendy", "Clark", "Support Engineer", "Support", "Auckland", "Pacific/Auckland"},
	{"xavier", "Xavier", "Roux", "Lawyer", "Legal", "Paris", "Europe/Paris"},
	{"yara", "Yara", "Mansour", "Personnel", "Management", "Berlin", "Europe/Berlin"},
}

func (p *person) name() string { return p.given + " " + p.surname }

// A room is something to meet in.
type room struct {
	alias, name string
	capacity    int
}

var rooms = []room{
	{"room-amber", "Room Amber", 4},
	{"room-basalt", "Room Basalt", 8},
	{"room-cobalt", "Room Cobalt", 12},
	{"room-dune", "Room Dune", 20},
}

// Groups of people: departments, made of the table, and everyone.
const (
	everyone = "everyone"
	roomList = "rooms-berlin"
)

// impersonated is how many of the first people the CRM's service account may
// act as.
const impersonated = 10
