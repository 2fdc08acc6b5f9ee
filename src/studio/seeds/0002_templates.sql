-- The outlines that Studio ships. Their text is ours: where it differs, this file wins.

insert into templates
    (type, title, description, category, platform, content, tags, is_featured)
values
    (
        'script',
        'Tutorial in five steps',
        'Teaches one thing to the end, for viewers who came to do it.',
        'video',
        'youtube',
        'Result first: show the finished {{topic}} in ten seconds.
What you need: name every tool and what it costs.
Steps 1 to 5: one action a step, one mistake to avoid in each.
Check: how to see that it worked.
Next: the one video to watch after this.',
        '{tutorial,howto,education}',
        true
    ),
    (
        'script',
        'Short with a hook',
        'Thirty seconds that answer one question.',
        'video',
        'tiktok',
        'Second 0: the claim, on screen and spoken: "{{claim}}".
Seconds 1 to 5: why most people think otherwise.
Seconds 6 to 24: three proofs, one cut each.
Seconds 25 to 30: what to try today.',
        '{short,hook,vertical}',
        true
    ),
    (
        'script',
        'Product review',
        'An honest review that helps to decide, also against buying.',
        'video',
        'youtube',
        'Who it is for, and who should stop watching.
{{product}} after {{weeks}} weeks: what I used it for.
Three things it does well, with a measurement each.
Two things that annoy me every day.
The cheaper and the better alternative.
Verdict in one sentence.',
        '{review,product,buying}',
        false
    ),
    (
        'script',
        'Interview outline',
        'Seven questions that lead a guest from the work to the reason for it.',
        'video',
        null,
        'What did you do yesterday at ten in the morning?
How did you come to {{field}}?
What does everybody get wrong about it?
Which decision would you take back?
What did you change your mind about in the last year?
What should a beginner do in the first week?
Where can people find you?',
        '{interview,podcast,questions}',
        false
    ),
    (
        'post',
        'Lesson learned',
        'One mistake, what it cost, and the rule that came out of it.',
        'social',
        'linkedin',
        'Last {{period}} I {{mistake}}.

It cost us {{cost}}.

What I had overlooked: {{cause}}.

Since then I keep one rule: {{rule}}.

What is a rule that you paid for?',
        '{career,story,lesson}',
        true
    ),
    (
        'post',
        'Behind the scenes',
        'Shows the work that nobody sees in the finished thing.',
        'social',
        'instagram',
        'Picture 1: the finished {{thing}}.
Pictures 2 to 5: how it looked after an hour, a day, a week, and on the worst day.
Caption: what nearly made us give up, and what we kept.
Question: which stage would you like to see in detail?',
        '{process,carousel,making}',
        false
    ),
    (
        'post',
        'Event announcement',
        'Everything that somebody needs to decide whether to come.',
        'social',
        'facebook',
        '{{event}} on {{date}} at {{time}}, {{place}}.

For whom: {{audience}}.
You go home with: {{outcome}}.
Costs {{price}}, {{seats}} seats, book until {{deadline}}: {{link}}.',
        '{event,announcement,local}',
        false
    ),
    (
        'thread',
        'Thread that explains',
        'Takes a hard subject apart, one thought a post.',
        'social',
        'twitter',
        '1/ {{subject}} sounds difficult. It rests on three ideas.
2/ The first: {{idea_one}}. An example: {{example_one}}.
3/ The second: {{idea_two}}. An example: {{example_two}}.
4/ The third: {{idea_three}}. An example: {{example_three}}.
5/ Put together: {{conclusion}}.
6/ If you read only one source: {{source}}.',
        '{thread,explainer,education}',
        true
    ),
    (
        'article',
        'Comparison of two ways',
        'Compares two options by the same questions and dares a recommendation.',
        'writing',
        'linkedin',
        'The question: when {{option_a}}, when {{option_b}}?
How I compared them: same task, same week, same person.
Effort, price, result, what breaks: one paragraph each, numbers first.
Take {{option_a}} if {{condition_a}}; take {{option_b}} if {{condition_b}}.
What would change my mind.',
        '{comparison,article,decision}',
        false
    ),
    (
        'newsletter',
        'Weekly letter',
        'A letter that can be written in an hour and read in three minutes.',
        'writing',
        null,
        'One thing that I learned this week: {{lesson}}.
One thing that I made: {{work}}.
Two links worth the time, with a sentence why.
A question from a reader, answered: {{question}}.
Next week: {{preview}}.',
        '{newsletter,weekly,email}',
        false
    )
on conflict (type, title) do update set
    description = excluded.description,
    category = excluded.category,
    platform = excluded.platform,
    content = excluded.content,
    tags = excluded.tags,
    is_featured = excluded.is_featured
where (
    templates.description,
    templates.category,
    templates.platform,
    templates.content,
    templates.tags,
    templates.is_featured
) is distinct from (
    excluded.description,
    excluded.category,
    excluded.platform,
    excluded.content,
    excluded.tags,
    excluded.is_featured
);
