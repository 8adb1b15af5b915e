"""Words that talk about reasoning rather than about its matter: connectives, ordinals, and the vocabulary of method.

A step made of these alone says nothing. Case folded; a list per language, used as one set for all languages.
"""

from __future__ import annotations

_BY_LANGUAGE = {
    "en": """first second third fourth fifth firstly secondly thirdly lastly next then finally last afterwards
        step steps therefore thus hence because since so consequently accordingly moreover furthermore
        additionally however meanwhile now let lets begin start proceed continue conclude conclusion concluding
        summary summarize overall ultimately think thinking thought reason reasoning consider considering
        analyze analyse analysis examine understand understanding review recap note notice observe recall
        carefully clearly logically logical systematically methodically problem question task answer answering
        answered result results solution solve solving solved compute computing computed calculate calculating
        calculation calculations calculated determine evaluate find finding get got gets value values equation
        equations formula number numbers given information details detail important key need want try use using
        apply follow following approach method process verify check double final correct right wait hmm okay ok
        alright well sure yes obvious obviously simply basically essentially actually really explanation explain
        proof prove deduce infer imply implies simplify substitute derive work out done end ends go going look
        make sense point part thing things way total therefore""",
    "es": """primero primera segundo segunda tercero tercera luego después siguiente finalmente último paso
        pasos entonces así tanto porque puesto además ahora vamos veamos pensar pienso pensemos razonar
        razonamiento considerar consideremos analizar analicemos problema pregunta respuesta resultado solución
        resolver resolvamos calcular calculamos calculemos calcula cálculo determinar encontrar obtener
        obtenemos valor valores ecuación fórmula número números conclusión concluir resumen verificar comprobar
        final correcto tenemos sabemos necesitamos""",
    "fr": """premier première premièrement deuxième deuxièmement troisième troisièmement ensuite puis enfin
        finalement dernier étape étapes donc ainsi alors car parce conséquent maintenant abord commençons
        réfléchir réfléchissons raisonner raisonnement considérer considérons analyser analysons problème
        question réponse résultat solution résoudre résolvons calculer calculons calcul déterminer trouver
        obtenir obtenons valeur valeurs équation formule nombre nombres conclusion conclure résumé vérifier
        vérifions final correct""",
    "de": """erstens zweitens drittens zuerst zunächst erste erster zweite zweiter dritte dritter danach dann
        schließlich endlich zuletzt letzter schritt schritte schrittes also daher deshalb somit folglich weil da
        nun jetzt denken nachdenken überlegen überlegung betrachten betrachte analysieren analyse problem frage
        aufgabe antwort ergebnis ergebnisse lösung lösen berechnen berechne rechnen rechnung bestimmen finden
        erhalten wert werte gleichung formel zahl zahlen fazit schluss schlussfolgerung zusammenfassung prüfen
        überprüfen richtig endgültig""",
    "it": """primo prima secondo seconda terzo terza poi dopo infine finalmente passo passi passaggio passaggi
        quindi dunque perciò pertanto perché ora pensare pensiamo ragionare ragionamento considerare
        consideriamo analizzare analizziamo problema domanda risposta risultato soluzione risolvere calcolare
        calcoliamo calcolo determinare trovare ottenere otteniamo valore valori equazione formula numero numeri
        conclusione verificare""",
    "pt": """primeiro primeira segundo segunda terceiro terceira depois finalmente passo passos etapa etapas
        então portanto logo assim porque agora vamos pensar pensemos raciocinar raciocínio considerar analisar
        problema pergunta resposta resultado solução resolver calcular calculamos cálculo determinar encontrar
        obter obtemos valor valores equação fórmula número números conclusão concluir verificar""",
    "nl": """eerste eerst tweede derde vervolgens daarna tenslotte uiteindelijk stap stappen dus daarom want
        omdat nu denken nadenken overwegen analyseren probleem vraag antwoord resultaat oplossing oplossen
        berekenen berekening bepalen vinden waarde waarden vergelijking formule getal getallen conclusie
        controleren""",
    "ru": """первый первая первое первых второй вторая второе вторых третий третья третьих сначала затем потом
        далее наконец последний шаг шаги шага поэтому следовательно итак значит потому так теперь подумаем
        думать рассуждать рассуждение рассмотрим проанализируем анализ задача задачу вопрос ответ результат
        решение решить решаем вычислить вычислим вычисляем посчитаем расчет определить найти найдем найдём
        получить получаем получим значение значения уравнение формула число числа вывод проверить проверим""",
    "hi": """पहला पहले पहली दूसरा दूसरे दूसरी तीसरा तीसरे तीसरी चौथा फिर अंत अंततः अंतिम अगला चरण चरणों कदम
        इसलिए अतः क्योंकि चूंकि अब सोचें सोचते सोचना विचार विश्लेषण समस्या प्रश्न सवाल उत्तर जवाब परिणाम हल
        समाधान गणना निकालें निकालते ज्ञात मान समीकरण सूत्र संख्या निष्कर्ष जांच""",
    "ar": """أولا أولاً ثانيا ثانياً ثالثا ثالثاً أخيرا أخيراً التالي الخطوة خطوة خطوات لذلك إذن بالتالي لأن
        الآن نفكر لنفكر التفكير نحلل تحليل المشكلة السؤال الجواب الإجابة النتيجة الحل نحل نحسب حساب قيمة القيمة
        معادلة المعادلة عدد العدد الخلاصة""",
    "ko": """첫째 둘째 셋째 먼저 우선 다음 다음으로 그다음 그리고 마지막으로 단계 따라서 그러므로 그래서
        왜냐하면 이제 생각 생각해 생각해보자 분석 문제 질문 답 답은 정답 정답은 결과 해결 풀이 계산 계산하면 값
        방정식 공식 숫자 결론""",
}

REASONING_WORDS = frozenset(word for listed in _BY_LANGUAGE.values() for word in listed.split())

_CJK = """首先 其次 再次 然后 接着 接下来 随后 最后 最终 第一 第二 第三 第四 第五 步骤 步 因此 因为 所以 于是
    从而 由此 由于 综上所述 综上 总之 总结 结论 那么 现在 让我们 我们 思考 推理 考虑 分析 理解 问题 题目 题意
    答案 结果 解答 求解 解决 计算 得出 得到 可得 可知 求出 数值 的值 方程 公式 数字 验证 检查 已知 根据 仔细
    一步一步 逐步 まず 次に つぎに そして 最後に したがって よって だから なぜなら ステップ 考える 考えます 問題
    答え 結果 計算する 計算します 方程式 数値 結論 確認"""

CJK_PHRASES = tuple(sorted(_CJK.split(), key=len, reverse=True))
"""Chinese and Japanese ones, longest first: for a search in running text."""
