%% Twins of the programs in actors.lua: `erl -noshell -run actors main NAME COUNT`. Prints what those print.
-module(actors).
-export([main/1]).

main([Name, Count]) ->
    N = list_to_integer(Count),
    Cost = bench(list_to_atom(Name), N),
    io:format("~.1f~n", [case Name of "idle" -> float(Cost); _ -> Cost / N end]),
    halt(0, [{flush, true}]).

now_ns() -> erlang:monotonic_time(nanosecond).

timed(F) ->
    Begun = now_ns(),
    F(),
    now_ns() - Begun.

bench(idle, N) ->
    erlang:garbage_collect(),
    Before = resident(),
    spawn_waiters(N),
    timer:sleep(200),
    (resident() - Before) / N;
bench(spawn, N) -> timed(fun() -> spawn_waiters(N) end);
bench(churn, N) -> timed(fun() -> churn(N) end);
bench(ping_pong, N) ->
    Echo = spawn(fun echo/0),
    timed(fun() -> ping(Echo, N) end);
bench(ring, N) ->
    Main = self(),
    First = spawn(fun() -> receive {next, Next} -> link(Main, Next) end end),
    Last = lists:foldl(fun(_, Next) -> spawn(fun() -> link(Main, Next) end) end, First, lists:seq(2, 1000)),
    First ! {next, Last},
    timed(fun() -> First ! {n, N}, receive done -> ok end end);
bench(fan_in, N) ->
    Main = self(),
    timed(fun() ->
        [spawn(fun() -> source(Main, N div 100) end) || _ <- lists:seq(1, 100)],
        sink(N div 100 * 100)
    end);
bench(tree, N) ->
    Depth = depth(N, 0),
    Main = self(),
    Nanoseconds = timed(fun() ->
        spawn(fun() -> tree(Main, Depth) end),
        receive {leaves, _} -> ok end
    end),
    Nanoseconds * N / ((round(math:pow(10, Depth + 1)) - 1) div 9);
bench(table_message, N) ->
    Records = [#{id => I, name => "name " ++ integer_to_list(I), score => I * 0.5, tags => ["a", "b"]}
               || I <- lists:seq(1, 100)],
    Echo = spawn(fun echo/0),
    timed(fun() -> exchange(Echo, Records, N) end);
bench(delay, N) ->
    [spawn(fun spin/0) || _ <- lists:seq(1, 8)],
    Begun = now_ns(),
    {ok, _} = timer:send_interval(1, tick),
    Late = lists:sort(ticks(Begun, 1, N, [])),
    lists:nth(ceil(length(Late) * 0.999), Late) / 1000 * N.

spawn_waiters(0) -> ok;
spawn_waiters(N) ->
    spawn(fun() -> receive stop -> ok end end),
    spawn_waiters(N - 1).

churn(0) -> ok;
churn(N) ->
    {_, Reference} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Reference, process, _, _} -> ok end,
    churn(N - 1).

echo() ->
    receive {ping, From, Data} -> From ! {pong, Data}, echo() end.

ping(_, 0) -> ok;
ping(Echo, N) ->
    Echo ! {ping, self(), N},
    receive {pong, _} -> ok end,
    ping(Echo, N - 1).

exchange(_, _, 0) -> ok;
exchange(Echo, Records, N) ->
    Echo ! {ping, self(), Records},
    receive {pong, Answer} -> 100 = length(Answer) end,
    exchange(Echo, Records, N - 1).

link(Main, Next) ->
    receive
        {n, 0} -> Main ! done, link(Main, Next);
        {n, N} -> Next ! {n, N - 1}, link(Main, Next)
    end.

source(_, 0) -> ok;
source(Sink, N) -> Sink ! {n, N}, source(Sink, N - 1).

sink(0) -> ok;
sink(N) -> receive {n, _} -> ok end, sink(N - 1).

depth(N, Depth) ->
    case math:pow(10, Depth + 1) =< N of
        true -> depth(N, Depth + 1);
        false -> Depth
    end.

tree(Parent, 0) -> Parent ! {leaves, 1};
tree(Parent, Depth) ->
    Me = self(),
    [spawn(fun() -> tree(Me, Depth - 1) end) || _ <- lists:seq(1, 10)],
    Parent ! {leaves, leaves(10, 0)}.

leaves(0, Sum) -> Sum;
leaves(N, Sum) -> receive {leaves, Count} -> leaves(N - 1, Sum + Count) end.

spin() -> spin().

ticks(_, Due, N, Late) when Due > N -> Late;
ticks(Begun, Due, N, Late) ->
    receive tick -> ok end,
    passed(Begun, Due, N, Late, now_ns() - Begun).

passed(Begun, Due, N, Late, Since) ->
    Later = [Since - Due * 1000000 | Late],
    case (Due + 1) * 1000000 > Since of
        true -> ticks(Begun, Due + 1, N, Later);
        false -> passed(Begun, Due + 1, N, Later, Since)
    end.

resident() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kilobytes]} = re:run(Status, "VmRSS:\\s*(\\d+)", [{capture, [1], list}]),
    list_to_integer(Kilobytes) * 1024.
