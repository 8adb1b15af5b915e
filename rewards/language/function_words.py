"""The commonest function words of languages, by ISO 639-1 code: words that every sentence needs and no topic brings.

Articles, pronouns, prepositions, conjunctions and forms of the commonest verbs, case folded: between a third and
a half of the running words of ordinary prose. For Chinese they are characters, for Japanese its syllables.
"""

from __future__ import annotations

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(listed.split())
    for language, listed in {
        "en": """the be to of and a in that have i it for not on with he as you do at this but his by from they
            we say her she or an will my one all would there their what so up out if about who get which go me
            when make can like no just him know take into your some could them than then now its only over also
            after how our first way even because any these us is are was were been has had did does each where
            more must should very too same such let both while per here am being those through between under
            again don isn doesn didn since until every before without many much""",
        "es": """el la los las un una unos unas de del al a en y o u que no se por con para como más pero sus su
            le lo ya este esta esto estos estas ese esa eso porque muy sin sobre también me hasta hay donde
            quien desde todo todos toda todas nos durante uno les ni contra otros otro otra mí antes algunos qué
            yo él ella ellos ellas tú mi si cuando es son fue era ser está están tiene tienen hace cada entonces
            así entre después según cómo sí solo dos tres ha han había hemos puede debe luego aquí nosotros
            usted cual cuál cuánto cuántos tanto mismo misma""",
        "fr": """le la les un une des de du à au aux et ou que qui ne pas se ce cette ces cet il elle ils elles
            nous vous je tu on en y dans par pour sur avec sans sous mais donc car si son sa ses leur leurs mon
            ma mes notre nos votre vos est sont était être a ont avait avoir fait plus moins très aussi comme
            quand où dont tout tous toute toutes chaque même puis alors ainsi entre après avant chez vers peut
            doit faut deux trois lui me te qu combien parce cela ça ici encore déjà toujours jamais rien""",
        "de": """der die das den dem des ein eine einen einem einer eines und oder aber denn weil dass daß ob
            wenn als wie so nicht kein keine keinen ich du er sie es wir ihr ihm ihn ihnen uns mich dich sich
            mein dein sein seine seinen ihre ihren unser ist sind war waren wird werden wurde wurden hat haben
            hatte kann können muss müssen soll auf aus bei bis durch für gegen in im ins mit nach ohne um unter
            über von vom vor zu zum zur zwischen an am auch noch nur schon sehr mehr also dann da hier dort was
            wer wo man jede jeder jedes jeden alle diese dieser dieses diesen zwei drei daher damit dabei wieder
            immer""",
        "it": """il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai agli alle da
            dal dalla dai in nel nella nei nelle su sul sulla con per tra fra e ed o ma se che chi cui non si è
            sono era erano essere ha hanno aveva avere ho abbiamo può deve fa più meno molto anche come quando
            dove perché quindi poi così ogni tutto tutti tutta tutte questo questa questi queste quello quella
            suo sua suoi sue mio mia loro noi voi lui lei io tu ci ne mi ti vi già ancora solo due tre quanto
            quanti prima dopo cosa dunque ciò nell dell all""",
        "pt": """o a os as um uma uns umas de do da dos das em no na nos nas ao aos à às por pelo pela pelos
            pelas para com sem sob sobre entre e ou mas que quem não se é são foi era ser está estão tem têm há
            ter fazer faz mais menos muito também como quando onde porque então assim cada todo todos toda todas
            este esta isto esse essa isso aquele aquela seu sua seus suas meu minha nosso ele ela eles elas nós
            você vocês eu tu lhe me te já ainda só dois duas três qual quanto quantos depois antes pode deve até
            desde num numa mesmo portanto""",
        "nl": """de het een en of maar want omdat dat die dit deze dan als er is zijn was waren wordt worden
            werd heeft hebben had kan kunnen moet moeten zal zullen ik jij je u hij zij ze wij we jullie mij me
            hem haar ons hun mijn jouw uw zijn niet geen wel ook nog al zo te van voor met op aan in uit bij
            naar door over onder tot om tegen tussen zonder na wat wie waar hoe wanneer veel meer elke elk alle
            dus daarna twee drie hier daar toch maar alleen eerst zich zelf worden""",
        "sv": """och att det som en ett på är av för med till den har de inte om han hon var jag vi ni du man
            sig från så kan när men hade eller ut vad nu där skulle då också upp efter vid hur in ska alla andra
            mycket utan över sin sitt sina detta denna dessa dem oss henne honom mig dig är blir blev varje
            eftersom därför två tre mer än under mellan bara finns får måste här""",
        "da": """og i at det er en et den til på af for med de som der har ikke om han hun var jeg vi du man sig
            fra så kan når men havde eller ud hvad nu hvor skulle da også op efter ved hvordan skal alle andre
            meget uden over sin sit sine dette denne disse dem os hende ham mig dig bliver blev hver fordi
            derfor to tre mere end under mellem kun får må her""",
        "pl": """i w z ze na do od o po za przez dla bez pod nad przed przy między że to jest są był była było
            były być nie tak jak ale lub albo czy się go jej ich jego ją mu mi ci my wy on ona ono oni one ja ty
            co kto który która które których ten ta te tego tej tych tym każdy każda każde wszystkie już jeszcze
            tylko także więc bo ponieważ gdy jeśli ile może można ma mają dwa trzy potem oraz także bardzo""",
        "tr": """ve bir bu şu o da de ki için ile ama veya ya çok daha en gibi kadar sonra önce her ne nasıl
            neden var yok değil mi mı mu mü ben sen biz siz onlar bunu bunun onun olarak olan oldu olur olduğu
            ise eğer çünkü bütün tüm hiç şey iki üç göre toplam kaç dolayısıyla""",
        "vi": """và là của có không được cho trong một các những với này đó khi đã sẽ đang thì mà để ra vào từ
            đến như cũng nhưng hay hoặc nếu vì nên do về theo tại trên dưới tôi bạn chúng ta anh chị em ông bà
            nó họ người mỗi tất cả rất còn chỉ vậy bao nhiêu hai ba sau trước lại""",
        "id": """dan yang di ke dari untuk dengan pada ini itu adalah tidak bukan akan telah sudah ada dalam
            oleh sebagai juga karena atau tetapi tapi jika kalau maka saya anda kita kami mereka dia ia nya
            setiap semua lebih sangat hanya dapat bisa harus jadi sehingga berapa dua tiga setelah sebelum
            antara seperti satu""",
        "ru": """и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее её
            мне было вот от меня еще ещё нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был
            него до вас нибудь опять вам ведь там потом себя ничего ей может они тут где есть надо ней для мы
            тебя их чем была сам чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого
            какой каждый каждая каждое каждую это эти этот эта при после поэтому значит сколько два три чтобы
            который которая которые также всего""",
        "uk": """і й в у не що він на я з із зі як а то все всі вона так його але та ти до же ви за б би по
            тільки її мені було ось від мене ще ні о об йому тепер коли навіть чи якщо вже або бути був них вас
            вам там потім себе нічого їй може вони тут де є треба для ми тебе їх ніж була сам без тоді хто цей
            це ці ця того тому цього який кожен кожна кожне при після отже скільки два три щоб яка які також під""",
        "bg": """и в във не че той на аз с със как а то всичко тя така го но да ти към у вие за би по само я ми
            беше ето от мен още не няма о из му сега когато дори ли ако вече или нито бъде бил него до вас там
            после себе нищо ѝ може те тук къде е има за ние тях тогава кой този тази тези това след затова значи
            колко два две три което който която които също са съм сме ще всеки всяка всяко""",
        "hi": """का के की को में से पर है हैं था थी थे और या कि यह वह ये वे इस उस इन उन एक तो भी ही ने नहीं हो
            होता होती होते कर करना करने किया गया गई जो जब तब तक अगर यदि लेकिन पर लिए साथ बाद पहले हर सब कुछ क्या
            कौन कब कैसे क्यों कितना कितने हम मैं तुम आप उसके उसकी इसके इसलिए अपने अपना दो तीन रहा रही रहे""",
        "mr": """आणि आहे आहेत होता होती होते हा ही हे तो ती ते या त्या एक नाही मध्ये साठी पण किंवा की जर तर
            म्हणून मी आम्ही तुम्ही आपण काय कोण कसे किती प्रत्येक सर्व हून ला ने चा ची चे च्या असे केले करून झाले""",
        "ar": """في من على إلى عن مع أن إن لا ما هذا هذه ذلك تلك التي الذي الذين هو هي هم نحن أنا أنت كان كانت
            يكون قد كل أو ثم بعد قبل عند بين حتى إذا لأن لكن كما لم لن ليس غير أي كم منذ أيضا كذلك و به له لها
            فيها فيه منها عليه وهو وهي""",
        "fa": """و در به از که این آن را با است برای یک تا هر بر یا اگر ما من تو او آنها شما می نمی شد شده بود
            هم نیز اما پس چون چه چند همه باید خود های ها دارد دارند کرد کند کنیم شود بین روی است هست""",
        "ja": " ".join(map(chr, range(0x3041, 0x3100))),
        "zh": """的 了 是 在 有 和 与 不 就 也 都 而 及 或 把 被 从 对 于 所 以 因 为 这 那 他 她 它 我 你 们 个
            之 其 会 要 能 可 到 得 着 过 吗 呢 吧 每 则 若 如 果 但 再 又 还 只 由 将 向 于""",
    }.items()
}
