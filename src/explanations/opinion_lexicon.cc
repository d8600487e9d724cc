#include "explanations/opinion_lexicon.h"

#include <algorithm>
#include <unordered_set>

namespace peapod {
namespace {

using Words = std::unordered_set<std::string_view>;

// The words of a text between white space, as views into it.
Words words_of(std::string_view text) {
  Words words;
  constexpr std::string_view kBlank = " \n";
  for (size_t begin = text.find_first_not_of(kBlank); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kBlank, begin), text.size());
    words.insert(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlank, end);
  }
  return words;
}

constexpr std::string_view kPraise = R"(
accurate accurately adequate admirable adorable affordable amazing amazingly appealing appreciate appreciated
attractive authentic awesome bargain beautiful beautifully beauty believable beneficial best better bliss bright
brilliant charming cheerful classic classy clean cleaner cleanly clear clearer clearly clever comfortable comfortably
comfy compact compelling complete consistent consistently convenient conveniently cool crisp cute dandy dazzling
decent delicious delight delighted delightful dependable desirable detailed durable dynamic easier easiest easily easy
effective effectively efficient effortless effortlessly elegant enjoy enjoyable enjoyed enjoying ergonomic excellent
excellently exceptional exceptionally excited exciting exquisite extraordinary fabulous fair fancy fantastic fast
faster favorite favourite fine finest flawless flawlessly flexible fresh friendly fun functional gem generous genius
gentle genuine glad good gorgeous grand great greatest handsome handy happier happy heavenly helpful helps
high-quality honest hygienic ideal immaculate impeccable impress impressed impressive impressively improve improved
improvement improves incredible incredibly inexpensive ingenious innovative inspiring intuitive invaluable inviting
joy juicy keeper lasting lasts legendary lightweight likable like liked likes lively long-lasting lovable love loved
lovely loves loving loyal lush luxurious magic magical magnificent marvelous masterpiece mellow memorable mild musical
natural neat neatly nice nicely nicer nifty outstanding perfect perfection perfectly phenomenal playable pleasant
pleasantly pleased pleasing pleasure portable powerful practical precious precise precisely premium pretty priceless
professional prompt promptly proper properly proud punchy pure quick quicker quickly quiet rave reasonable reasonably
recommend recommended refreshing reliable reliably remarkable remarkably responsive rich right robust rugged safe
safely satisfactory satisfied satisfy satisfying savings secure securely sensational sensible sensitive sharp silent
silky simple sleek slick smart smooth smoother smoothly soft softer solid solidly soothing spacious sparkling
spectacular splendid spot-on steady stellar strong stronger stunning sturdier sturdy stylish suitable super superb
superbly superior supportive sweet sweeter tasty terrific thankful thick thrilled tidy tight tough trustworthy
ultimate unbeatable unique upgrade useful valuable versatile vibrant vivid warm warmer warmth welcome well well-built
well-made winner wonderful wonderfully wonders worth worthwhile worthy wow yummy
)";

constexpr std::string_view kBlame = R"(
abrasive annoyance annoyed annoying awful awkward bad badly bland boring breaks broke broken bulky burned cheaply
cheesy clumsy clunky complain complaint complaints complicated confusing cracked crap crappy cumbersome damaged
dangerous dead defect defective defects difficult dirty disappoint disappointed disappointing disappointment
disgusting dislike disliked dull expensive fail failed fails failure fake faulty filthy flaw flawed flaws flimsy
fragile frustrated frustrating garbage gimmick gimmicky greasy harsh hassle hate hated hates horrible horribly
impossible inaccurate inadequate inconsistent inconvenient inferior insecure irritating issue issues junk lacking
lacks lame leak leaking leaks loose lousy mediocre mess messy mistake muddy nasty noisy nuisance obnoxious odd
outdated overpriced pain painful pathetic pointless poor poorly problem problematic problems refund regret ridiculous
rip-off rough ruined rusty sad scam scratch scratched scratches scratchy shaky shoddy sloppy slow sluggish smelly
sticky stiff stink stinks struggle stuck stupid sucks tangled tedious terrible terribly thin trash trouble ugly
unacceptable uncomfortable unfortunate unfortunately unhappy unpleasant unreliable unstable unusable upset useless
waste wasted weak weird wobbly worn worse worst worthless wrong
)";

constexpr std::string_view kNegations = R"(
ain't aren't barely can't cannot cant couldn't didn't didnt doesn't doesnt don't dont hadn't hardly hasn't haven't
isn't isnt neither never no none nor not nothing shouldn't wasn't wasnt weren't without won't wont wouldn't wouldnt
)";

constexpr std::string_view kDeterminers = R"(
a an another any each every her his its my our same that the their these this those your
)";

constexpr std::string_view kStopWords = R"(
a about above absolute absolutely across actually add added addition advice after again against ago all almost along
already also although always am amazon among amount an and another any anybody anymore anyone anything anyway anywhere
apart are area aren't around arrive arrived as aside ask asked at attach attached available avoid aware away back bang
based basically be became because become been before began begin beginner beginners behind being believe below beside
besides bet between beyond big bigger bit black blue both bottom bought brand bring brought btw buck build built bunch
but buy buyer buyers buying by call called came can can't care carry catch certain certainly chance change changed
changes cheap cheaper check choice choose class close com come comes coming company compare compared complaining
consider considering contact continue cost costs could couldn't couple course customer customers cut darn daughter day
days deal decision definitely deliver delivered depending described description did didn't different do does doesn't
doing dollar dollars don don't done doubt down drop due during each earlier early easy-to-use effort either else end
ends enough entire entry especially etc even eventually ever every everybody everyone everything everywhere exact
exactly example except expect expected experience extra extremely eye fact fairly fall falls family fan far favor feel
feeling feels feet felt few figure fill final finally find finding finds finish first fit fits five fix fixed follow
following for former forward found four free friend friends from front full fully further gave generally get gets
getting gift give given gives giving glue go goes going gone got gotten guess guy guys had half hand hands happen
happened hard hardly has hasn't have haven't having he hear heard heavy held hello help her here hers herself high
higher highly him himself his hit hold holding holds home hope hour hours house how however huge husband i i'd i'll
i'm i've idea if imho important in inch inches include included including indeed inside instead into is isn't it it'd
it'll it's item items its itself job just keep keeping keeps kept kid kids kinda knew know known knows lack large
larger last late later latter lb least leave left less let lets level likely list little live lol long longer look
looked looking looks lose lost lot lots low lower luck made mail main mainly make makes making man many matter may
maybe me mean means meant medium mention mentioned met might mind mine minor minute minutes mm money month months more
morning most mostly mother mount move moving much multiple must my myself name near nearly necessary need needed
needing needs never new news next night no nobody non none nor normal normally not note nothing notice noticed now
number numbers of off offer often oh ok okay old older on once one ones online only onto open opinion opportunity
option options or order ordered ordering original other others otherwise ought our ours ourselves out outside over
overall own owned owner paid pair part particular particularly parts past pay paying penny people per perhaps person
personal personally pick picked piece pieces place placed plan play played player players playing plays plenty plug
plus point points possible possibly post prefer previous previously probably product products provide provided
provides purchase purchased purchases purchasing purpose purposes put puts putting quite ran rather read reading ready
real reality realize realized really reason reasons receive received recent recently recommendation red regular
relatively remember remove removed replace replaced replacement require requires research rest result results return
returned review reviewer reviewers reviews rock row run running runs said same save saw say saying says second seconds
see seem seemed seems seen self sell seller selling send sending sense sent separate serious seriously set sets seven
several shall shape she ship shipped shipping shop short shot should show shows side sides sign similar since single
sit sits six sizes slight slightly small smaller so sold solution some somebody someone something sometimes somewhat
son soon sort sorts sounded sounding sounds space spare specific spend spent spot stand standard stands star stars
start started starting starts state stay stayed stays step stick stop stopped store stores stuff such sure surely
surprise surprised tad take taken takes taking talk tell ten tend than thank thanks that that's the their theirs them
themselves then there there's therefore these they they're thing things think thinking third this those though thought
three through throughout thus till time times tiny to today together told too took tool tools top total totally touch
toward towards track tried tries truly try trying turn turned turning turns twice two type types under understand unit
unless unlike until up update upon us use used user users uses using usual usually various version very via wait
waiting walk want wanted wanting wants was wasn't way ways we we'll we're we've wear week weeks went were what
whatever whatsoever when where whether which while white who whole whom whose why wide wife will wish with within
without woman won't word words work worked working works world worlds worry would wouldn't write year years yes yet
you you'd you'll you're you've young your yours yourself yourselves zero
)";

}  // namespace

int opinion_of(std::string_view word) {
  static const Words praise = words_of(kPraise);
  static const Words blame = words_of(kBlame);
  return praise.contains(word) ? 1 : blame.contains(word) ? -1 : 0;
}

bool is_negation(std::string_view word) {
  static const Words negations = words_of(kNegations);
  return negations.contains(word);
}

bool is_determiner(std::string_view word) {
  static const Words determiners = words_of(kDeterminers);
  return determiners.contains(word);
}

bool is_stop_word(std::string_view word) {
  static const Words stop_words = words_of(kStopWords);
  return stop_words.contains(word);
}

}  // namespace peapod
