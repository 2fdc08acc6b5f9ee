-- Subjects to choose from on the first day; scores move with the market and are then left alone.

insert into niches
    (name, category, description, trend_score, difficulty, profitability, keywords)
values
    (
        'Personal finance', 'business', 'Budgets, debt and investing for people with a salary.',
        86, 'hard', 'high', '{budget,saving,index funds,debt}'
    ),
    (
        'Freelancing', 'business', 'Finding clients, setting prices, staying sane alone.',
        74, 'medium', 'high', '{clients,pricing,contracts,portfolio}'
    ),
    (
        'Career change', 'business', 'Moving into another line of work after thirty.',
        69, 'medium', 'medium', '{cv,interview,retraining,networking}'
    ),
    (
        'AI tools at work', 'technology', 'What assistants do well in an office, and what not.',
        95, 'hard', 'high', '{prompting,automation,productivity,assistants}'
    ),
    (
        'Web development', 'technology', 'Building and running web applications.',
        78, 'hard', 'high', '{python,javascript,databases,deployment}'
    ),
    (
        'Home lab', 'technology', 'Running servers at home, quietly and cheaply.',
        61, 'medium', 'low', '{nas,self hosting,networking,backup}'
    ),
    (
        'Strength training', 'health', 'Getting stronger with little time and plain equipment.',
        83, 'hard', 'high', '{barbell,programme,recovery,form}'
    ),
    (
        'Sleep and recovery', 'health', 'Sleeping better without selling anything.',
        72, 'medium', 'medium', '{sleep,routine,light,stress}'
    ),
    (
        'Plant-based cooking', 'food', 'Weekday meals without meat that fill the table.',
        77, 'medium', 'medium', '{vegan,meal prep,beans,recipes}'
    ),
    (
        'Sourdough baking', 'food', 'Bread with a starter, from the first loaf on.',
        58, 'easy', 'low', '{bread,starter,hydration,oven}'
    ),
    (
        'Slow travel', 'lifestyle', 'Fewer places, by train and for longer.',
        66, 'medium', 'medium', '{train,itinerary,packing,remote work}'
    ),
    (
        'Small-space gardening', 'lifestyle', 'Growing food on balconies and window sills.',
        63, 'easy', 'medium', '{balcony,tomatoes,soil,herbs}'
    ),
    (
        'Second-hand fashion', 'lifestyle', 'Dressing well from what is already made.',
        71, 'easy', 'medium', '{thrift,mending,capsule wardrobe,vintage}'
    ),
    (
        'Language learning', 'education', 'Reaching a conversation in another language.',
        80, 'medium', 'medium', '{vocabulary,listening,immersion,grammar}'
    )
on conflict (name) do nothing;
