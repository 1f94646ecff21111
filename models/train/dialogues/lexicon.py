"""Word lists. Names ending in _HELD are never drawn while training data is generated, only for evaluation."""


def words(text):
    return text.split()


def phrases(text):
    return [part.strip() for part in text.replace("\n", "|").split("|") if part.strip()]


FIRST_NAMES = words("""
Aaron Abel Ada Adele Aino Alan Alba Aldo Alma Amara Amir Anders Andre Anika Anna Arne Asha Axel Basil Beata Ben Berta Bjorn Bruno Camila
Carlos Cecilia Chen Chloe Clara Colin Cora Dana Daniel Daria David Diego Dora Edgar Edith Eero Elena Elias Elise Ella Emil Emma Enzo Erik
Esme Eva Fabio Fatima Felix Finn Flora Frank Frida Gabor Gina Grace Greta Gustav Hana Hanne Harold Heidi Helen Henrik Hugo Ida Igor Ilse
Ines Ingrid Irma Isaac Ivan Jack Jana Jasmin Jens Joel Johanna Jonas Julia Kai Karim Karin Kate Katya Klaus Kofi Lara Lars Laura Lea Lena
Leo Lina Linus Lucia Luis Luka Magda Maja Malik Mara Marco Maria Marta Matti Max Maya Mia Milo Mina Mira Nadia Naomi Nick Nils Nina Noor
Nora Olaf Oleg Olga Omar Oscar Otto Paula Paul Pavel Pedro Petra Pia Quinn Rafael Rana Rita Robin Rosa Ruth Sami Samira Sara Selma Silvia
Simon Sofia Sonia Stefan Sven Tara Tess Theo Tilda Tim Tina Tomas Uma Urban Valentin Vera Viktor Walter Wendy Xenia Yara Yusuf Zara Zoe
Adrian Agnes Akira Albert Alina Amelia Andrea Antonio Arthur Astrid Augusta Benjamin Bettina Boris Brigitte Caspar Catherine Charlotte
Christian Claudia Cornelius Damian Delphine Dominic Dorothy Eduardo Eleanor Emanuel Ernesto Eugenia Ferdinand Florian Francesca Frederick
Gabriela Geraldine Gilbert Gustavo Hassan Henrietta Hiroshi Humphrey Imogen Jacinta Jerome Josephine Kasimir Katarina Konrad Leander Leopold
Lorenzo Ludmila Magnus Malcolm Margaret Matilda Maximilian Mercedes Miriam Montgomery Nathaniel Nicolas Octavia Patrick Penelope Philippa
Raymond Rebecca Roderick Rosalind Rupert Sebastian Serena Sullivan Sylvester Tabitha Thaddeus Theodora Timothy Valentina Vincent Virginia
Vladimir Wilhelmina Winston Yolanda Zachary
""")
FIRST_NAMES_HELD = words("""
Agatha Bogdan Celeste Dmitri Esther Farah Gideon Hector Isolde Joaquin Kenji Lorena Mateo Nell Ottilie Priya Ravi Sigrid Tariq Ulrich Viggo
Willa Yannick Zelda
""")
LAST_NAMES = words("""
Abbott Ahlberg Alves Amsel Andersen Aoki Arslan Baker Banks Barros Becker Berg Bianchi Blom Bose Brandt Brown Byrne Carter Chavez Cohen
Conti Costa Cruz Dahl Dalton Demir Diaz Duarte Dubois Eklund Ellis Engel Evans Faber Farkas Ferrari Fischer Flores Foster Fuchs Garcia
Gauthier Gibson Gomez Grant Gruber Haas Hale Hansen Hart Hayes Heikki Hoffman Horvat Ibrahim Ito Jansen Jensen Johnson Juarez Kaplan
Keller Khan Kim Klein Koch Kovacs Kumar Larsen Laurent Lee Lind Lopez Lund Mann Marino Marsh Martin Mendes Meyer Mohr Moreau Mori Muller
Nagy Nakamura Navarro Nielsen Novak Nunez Olsen Okafor Ortega Park Patel Pereira Peters Popov Price Quist Ramos Reed Rossi Roth Ryan Saito
Santos Sato Schmidt Silva Singh Smith Sousa Stein Stone Suzuki Svensson Takeda Thorne Toth Turner Ueda Vargas Vidal Virtanen Wagner Walker
Wang Weber West Wolf Wood Yilmaz Young Zeller Ziegler
Adeyemi Albrecht Anderssen Atkinson Bergstrom Blackwood Bonnet Bradshaw Cabrera Castellano Chatterjee Christensen Cunningham Davenport
Delacroix Donovan Eriksson Esposito Fairchild Fernandez Fitzgerald Gallagher Goldberg Gutierrez Hamilton Harrington Hernandez Huang Iglesias
Jankowski Karlsson Kennedy Kowalski Lachance Lindqvist MacDonald Marchetti McCarthy Montgomery Nakagawa Nguyen Oconnor Papadopoulos Pettersson
Quintero Ramirez Robinson Rosenberg Salvatore Schneider Stevenson Strand Szabo Thompson Underwood Valdez Vasquez Villanueva Watanabe
Whitaker Winters Yamamoto Zimmermann
""")
LAST_NAMES_HELD = words("""
Acosta Bishop Calloway Devi Espinoza Falkner Greer Holmgren Ivanov Joshi Kruger Lowell Mbeki Norton Osei Petrov Rahman Sorensen Tanaka Upton
Vance Whitby
""")
CITIES = phrases("""
Oslo|Paris|Madrid|Rome|Vienna|Prague|Dublin|Lisbon|Berlin|Warsaw|Athens|Helsinki|Tallinn|Riga|Vilnius|Budapest|Zagreb|Porto|Milan|Turin
Lyon|Nice|Bergen|Malmo|Aarhus|Ghent|Bruges|Basel|Zurich|Geneva|Munich|Hamburg|Leipzig|Krakow|Gdansk|Brno|Graz|Linz|Seville|Valencia|Bilbao
Naples|Genoa|Palermo|Tokyo|Osaka|Kyoto|Seoul|Delhi|Mumbai|Lagos|Accra|Nairobi|Cairo|Tunis|Rabat|Boston|Denver|Austin|Dallas|Chicago|Seattle
Toronto|Ottawa|Lima|Bogota|Quito|Santiago|Buenos Aires|Sao Paulo|New York|Los Angeles|San Francisco|New Delhi|Mexico City|Hong Kong|Cape Town
Tel Aviv|Abu Dhabi|Kuala Lumpur|Rio de Janeiro|San Diego|Las Vegas|Salt Lake City|Singapore|Sydney|Melbourne|Perth|Auckland|Wellington
Beijing|Shanghai|Taipei|Manila|Jakarta|Hanoi|Dubai|Doha|Istanbul|Izmir|Moscow|Kyiv|Bucharest|Sofia|Belgrade|Sarajevo|Tirana|Skopje|London
Manchester|Liverpool|Leeds|Bristol|Glasgow|Edinburgh|Cardiff|Belfast|Cork|Galway|Amsterdam|Utrecht|The Hague|Brussels|Luxembourg|Cologne
Frankfurt|Stuttgart|Copenhagen|Gothenburg|Uppsala|Trondheim|Tampere|Turku|Miami|Atlanta|Phoenix|Philadelphia|Vancouver|Calgary|Honolulu
Augsburg|Avignon|Bamako|Bordeaux|Bratislava|Canberra|Casablanca|Charleston|Chennai|Cleveland|Dakar|Dortmund|Durban|Eindhoven|Florence
Fukuoka|Granada|Grenoble|Guadalajara|Hannover|Hiroshima|Hyderabad|Innsbruck|Johannesburg|Kathmandu|Khartoum|Klagenfurt|Kolkata|Lausanne
Ljubljana|Luanda|Lucerne|Lusaka|Maastricht|Magdeburg|Malaga|Marrakesh|Marseille|Medellin|Minneapolis|Mombasa|Monterrey|Nashville|Nuremberg
Oaxaca|Orlando|Pittsburgh|Podgorica|Pretoria|Providence|Richmond|Rosario|Rostock|Sacramento|Samarkand|Sapporo|Sendai|Stavanger|Strasbourg
Tashkent|Tbilisi|Thessaloniki|Toulouse|Trieste|Ulaanbaatar|Valparaiso|Windhoek|Winnipeg|Yerevan|Yokohama|San Antonio|Saint Louis|Santa Cruz
Long Beach|Fort Worth|Baton Rouge|Little Rock|Quebec City|Punta Arenas|Port Elizabeth|Novi Sad|Baden Baden|Ho Chi Minh City|El Paso
""")
CITIES_HELD = phrases("""
Stockholm|Reykjavik|Antwerp|Rotterdam|Dresden|Salzburg|Cordoba|Verona|Nagoya|Pune|Kampala|Algiers|Portland|Houston|Montreal|Caracas|Brisbane
Bangkok|Ankara|Varna|Plymouth|Dundee|Tartu|Odense|San Jose|Santa Fe|Panama City|Addis Ababa|Kansas City|Port Louis
""")
SYLLABLES = words("""
ba be bi bo bu da de di do du fa fe fi fo ga ge go ha he hi ho ja jo ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu pa pe pi po
ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we wi ya yo za ze zi zo bran cher dal den dor fen gar glen grim hal hart hol kel
kran lan ler lin mar mer mon nor pel quin ras rin ros sand sel shan sten storm tal ter thor ton tor van vel ver vik win wyn zan
""")
ONSETS = words("b bl br c ch cl cr d dr f fl fr g gl gr h j k kl kn l m n p ph pl pr qu r s sc sh sk sl sm sn sp st str sw t th tr tw v w wh wr y z") + ["", "", ""]
NUCLEI = words("a e i o u a e i o u ai au ea ee ei ie oa oo ou ue y")
CODAS = words("b ck ct d f ft g l ld lk lt m mp n nce nd ng nk nt p r rd rk rm rn rt s sh ss st t tch th tt x ve") + ["", "", "", "", "", "", "", ""]
# Short words that other words begin with: "on" in "onset" has another token after a space than after a quote.
STARTS = words("in on to at up out over under by per for re un dis pre with not can are one is it as do no we us my time note part land way unit end set add key map read mail")
# Words that the tokenizer knows with a space before them: "tool" in "the tool box" has another token than in "tool box" after a quote.
SPACED = words("""
about above add address alarm all also am amount an and another answer answers archive are arguments arithmetic as ask asks assistant at
away before between bill board build by calculate calculator can cancel cancelled case change city close cloudy code colour come comment
compute contact contacts contain convert cord costs could count create csv currency current customer date day delayed deliver delivered
delivery details difference divide do document does done driver drizzle due end error eval evaluate exchange expression fails false fee file
files find folder follow for from get give grade group has have haze help hits hour how id in input inside install into is it item its key
know label land less level limit line list lives load location lock log look lookup lose lot low many map mark mat match math measure member
mention message mind money month move much multiply my name need needs next normal not notes nothing now number numbers of off on one only
or other our out over overcast own owner pack packed page paid part pass path pending per person place plan play please plus pm post press
price priority problem put quantity queue rank rate read reason record ref reference refund register remind reminder replace reported
reports request reset result results returned rule run say says search see sent set share shipped show side size sky start starts stay step
steps stock stop store subtract sum system table tag tags talk target task tell temperature ten test text than that the then there these
thing this time times title to tool tools top topic total track train true turn under unit units unless until up use user using value
version voice volume was way we weather week weight what where will wind with word write you zone
""")
ADJECTIVES = words("""
annual basic big blue bold brief broken busy calm cheap clean clear cold common cool core daily dark deep digital double draft dry early
east easy empty extra fast final first flat fresh full global good green grey hard heavy hidden high hot inner internal joint large last
late light little local long loud lower main major minor modern monthly narrow new north old open outer paper plain private public quarterly
quick quiet rapid rare raw ready red remote rough round safe second secret shared sharp short simple slow small smart soft solid south
special spring steady steep strong summer sweet tall team thin third tiny tough upper urgent warm weekly west white wide wild winter yearly
""")
TOPICS = words("""
account agenda audit backup bakery balcony battery bench bicycle boat boiler bridge budget cabin camera canal car carpet catalogue ceiling
cellar chimney class clinic clock coast coffee committee concert contract cottage course curtain dashboard database deadline dentist deposit
design desk diet dinner dock drainage elevator engine event exam expense factory farm fence ferry festival finance fireplace flight floor
forest fountain fridge fund furnace garage garden gate grant greenhouse guest gym hallway harbour heating hiring holiday hospital hotel house
insurance interview inventory invoice island kitchen ladder lake lamp launch laundry lawyer lease lecture lesson library licence lighthouse
loan logo machine mailbox market marketing meadow meeting menu migration mirror mortgage museum music network newsletter office orchard order
oven painting parking partner party passport patent payroll permit phone piano picnic pipeline plumbing policy pool port poster pottery
prescription pricing printer project prototype pump quote railway recipe recycling release rent repair report research reservoir retreat
review river roadmap roof room route safety sailing sale schedule school security seminar server shelf ship shop sink sofa software speech
staircase station storage strategy studio supplier survey tax terrace theatre ticket timetable tour tower toy training travel treaty trip
tunnel valley van vendor venue village vineyard visa wall warehouse website wedding well window workshop yard
acreage adhesive airfield almanac ambulance antenna appendix apprentice aqueduct archway artichoke asphalt assembly atlas attic awning badge
bakehouse ballroom bandage banner banquet barometer barracks basement basin beacon beehive bellows bibliography billboard blanket blueprint
bookcase bookshop boulevard bouquet bracket brickwork broadcast buffet bulldozer burrow cafeteria caravan cardigan carousel cathedral causeway
chandelier charter chestnut chronicle cinema cistern citadel clarinet climate cloakroom coffin collateral colony commission compost compressor
conference conservatory courthouse courtyard crane cupboard curriculum customs dairy decree depot dictionary dishwasher district dormitory
dossier draught driveway drum dungeon dustbin earthworks easel editorial embankment emblem enclosure encyclopedia endowment envelope errand
escalator estate excavation exhibition expedition fairground faucet fellowship filament fixture flagpole flask fleet footpath forecast fortress
framework freezer freight frontier gallery galley gangway gazebo generator geyser glossary granary gravel grocery guesthouse gutter hamlet
hammock handbook handrail hangar hardware harvest hatchery haystack headlight hearth helicopter herbarium homestead hostel hydrant igloo
incubator infirmary inscription inspection instrument intercom irrigation itinerary jacket jamboree journal jubilee junction kennel kettle
keyboard kindergarten knapsack labyrinth lagoon landfill lecturer legacy levee limousine locomotive lodge lumber magazine mailroom manifesto
mansion manuscript marina marquee mattress memorandum mezzanine microphone milestone mill mineshaft moat monument mosaic motorway mural
napkin negotiation nomination notebook nozzle nutrition oasis obelisk offshore onlooker onset opera orchestra ordinance ottoman outbuilding
outpost outreach overpass oversight pamphlet pantry parade parapet pasture patio pavilion pedestal penthouse perimeter petition pharmacy
photocopy pier plantation platform plumber podium porch portfolio postcard prairie premises proceeding procession promenade propeller pulley
quarterdeck quay questionnaire quilt radiator raft railing rampart ranch ravine receipt reception recital refinery refuge rehearsal relay
remedy renovation residence restaurant ribbon rotunda roundabout runway sanctuary sawmill seaplane seedling semester settlement shelter
shipyard shutter sidewalk silo skylight slipway sluice smokehouse snowplough solarium spillway spire stadium stairwell stall steamer steeple
stockroom studio subway summit sundial surgery syllabus symposium tabernacle tannery tapestry tariff tavern temple testimony thermostat
throne tollgate tombstone toolshed toothbrush torch trailer tramway trench tribute trolley turbine turnstile turret typewriter undercroft
underpass uniform university upholstery upkeep vault veranda vestibule viaduct vinegar volunteer voucher waistcoat wardrobe waterfall
waterwheel weir wharf wheelbarrow windmill woodland workbench xylophone yacht zeppelin
""")
TOPICS_HELD = words("""
merger warranty onboarding brochure firewall aquarium subscription auction balloon chapel apiary duvet embassy foundry glacier hedge
inheritance jetty kiosk lantern monastery nursery observatory pension quarry regatta scaffold telescope
""")
PRODUCTS = phrases("""
desk lamp|office chair|water bottle|coffee mug|phone case|laptop stand|desk mat|wall clock|note pad|garden hose|bike pump|hand drill|rain coat
wool scarf|tea kettle|bread knife|picture frame|power bank|usb cable|floor rug|reading light|travel bag|steel pan|paper tray|metal shelf
guitar strap|yoga mat|camp stove|snow shovel|door mat|hammer|ladder|screwdriver set|paint brush|work gloves|extension cord|light bulbs
copper pipe|wood glue|sand paper|tape measure|tent|sleeping bag|compass|lantern|rope|life jacket|fishing rod|canoe paddle
alarm clock|apron|baking sheet|basket|bathrobe|beanbag|binoculars|bolt cutter|bookend|broom|candle holder|card holder|chisel|clipboard|coat hanger
cutting board|dinner plate|dog leash|drawing board|dust pan|egg timer|face mask|file cabinet|flashlight|food processor|frying pan|glue gun
hair dryer|head lamp|ice scraper|ironing board|jump rope|key ring|kitchen scale|knee pad|letter opener|mixing bowl|mosquito net|mouse trap
nail file|nut cracker|oven glove|padlock|paper clip|pencil case|pepper mill|picnic blanket|pillow|pizza cutter|plunger|pruning shears|rain boots
roller skates|rubber band|safety goggles|salad bowl|shower curtain|smoke detector|soap dish|soup ladle|spice rack|stapler|step stool|storage bin
sun hat|swim goggles|tablecloth|tea towel|thermos|toothpick|trash can|umbrella stand|vacuum cleaner|waffle iron|watering can|wheel wrench|whistle
window blind|wine rack|wrench|zip tie
""")
PRODUCTS_HELD = phrases("night stand|folding table|rice cooker|bath towel|pocket radio|tool box|flower vase|ski helmet|anchor chain|bird feeder")
SKIES = phrases("clear sky|light rain|heavy rain|snow|fog|strong wind|cloudy|sunny|drizzle|thunderstorms|hail|haze|partly cloudy|overcast|showers")
WEEKDAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
COLOURS = words("red blue green black white yellow orange purple grey pink brown silver")
MAIL_DOMAINS = words("example.com mail.test corp.example post.test team.example office.test")
FOLDERS = words("docs notes reports src plans data team archive drafts shared projects backup")
EXTENSIONS = words("txt md csv log json pdf")
CURRENCIES = {
    "EUR": ["EUR", "euros", "euro"], "USD": ["USD", "dollars", "US dollars"], "GBP": ["GBP", "pounds sterling", "British pounds"],
    "JPY": ["JPY", "yen"], "CHF": ["CHF", "Swiss francs"], "NOK": ["NOK", "Norwegian kroner"],
}
EXCHANGE_RATES = {"EUR": 1, "USD": 1.08, "GBP": 0.85, "JPY": 162.0, "CHF": 0.95, "NOK": 11.6}

MESSAGES = phrases("""
the demo moved to {weekday}|I am running late|the report is ready|please call me back at {clock}|lunch is at {clock}|the meeting is cancelled
bring the {product}|the {topic} is approved|we need the {topic} by {weekday}|see you on {weekday}|thanks for the help|the server is down
the parcel has arrived|please review the {topic}|I will be there at {clock}|the price is {number}|order {code} is delayed|your order has shipped
the key is under the {product}|we meet in room {integer}|the {topic} starts at {clock}|happy birthday|can you cover my shift on {weekday}
the train from {city} is late|{name} says hello|do not forget the {topic}|the {topic} costs {number}|I left the {product} at the office
""")
PROBLEMS = phrases("""
printer is offline|login page is broken|{topic} page is slow|wifi drops in room {integer}|{product} arrived damaged|invoice {code} is wrong
app crashes on start|password reset fails|screen stays black|export to csv fails|sync stopped on {weekday}|order {code} is late
heating in the {topic} is off|door of the {topic} does not close|{product} is missing|server {code} does not answer
""")
NOTE_LINES = phrases("""
{name} owns the {topic} and wants it done by {weekday}.|The {topic} costs {number} per month.|Meet {name} on {weekday} at {clock}.
The code for room {integer} is {integer}.|{name} moved the {topic} to {weekday}.|Ask {name} about the {product}.
We agreed to pay {number} for the {topic}.|The {topic} starts on {weekday} at {clock}.|The {topic} runs until {date}.
Paid {number} to {full_name} on {date}.|The {topic} has {integer} seats and a {colour} door.|{name} prefers the {colour} {product}.
The {topic} ends on {date} and can be renewed for {integer} months.|Call {name} at {phone} before {weekday}.|The key is in the {product}.
Order {code} was for the {topic}.|The {topic} is {number} metres long.|{name} will bring the {product} on {weekday}.|Keep the {topic} below {integer} degrees.
The {topic} in {city} is open from {clock} to {clock}.|Mooring fee {number} due each {weekday}.|{words}.|{words} and {words}.|The {words} is in {city}.
Remember that {words}.|{name} said that {words}.|Next step: {words}.|The {topic} needs {integer} litres of {colour} paint.
""")
PLAIN_WORDS = words("""
about above across after again along always another around ask away back because become before begin behind below best better between both
bring build call carry change check close come complete could count cover cross cut decide deliver different door draw drive drop during each
end enough even every fall far feel few fill find follow food force form friend front give grow half hand happen hear hold home hope hour
idea inside join keep kind know land learn leave left less letter level life line list listen live look lose lot make many matter may mean
measure meet mind miss money month morning most move much must name near need never next night note nothing number offer often once only
other over own page part pass pay people piece place plan plant play point power present press print problem produce pull push put question
rain reach read real reason remember rest right rise road rule run same save say seem sell send set several should show side sign since size
sleep sound speak stand start state stay step still stop story street study such sun sure table take talk teach tell thing think through time
today together top touch town train tree true try turn under until use very voice wait walk want watch water way week weight while whole
wind with without word work world write year
""")
