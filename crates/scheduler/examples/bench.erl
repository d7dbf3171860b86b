%% Twins of bench.rs: erlc bench.erl && erl -noshell +S 2:2 +P 4000000 -s bench main -s init stop
-module(bench).
-export([main/0]).

main() ->
    report("ping_pong", 2000000, fun() -> ping_pong(2000000) end),
    report("ring", 5000000, fun() -> ring(5000000) end),
    report("fan_in", 5000000, fun() -> fan_in(100, 50000) end),
    report("churn", 1000000, fun() -> churn(1000000) end),
    report("tree", 1111111, fun() -> tree(6) end).

report(Name, Count, Fun) ->
    Self = self(),
    {Time, _} = timer:tc(fun() ->
        {Pid, Ref} = spawn_monitor(fun() -> Fun(), Self ! done end),
        receive {'DOWN', Ref, process, Pid, _} -> ok end
    end),
    receive done -> ok end,
    io:format("~-10s ~12w /s ~9.1f ns each~n", [Name, round(Count * 1000000 / Time), Time * 1000 / Count]).

ping_pong(N) ->
    Echo = spawn(fun echo/0),
    ping(Echo, N).
ping(Echo, 0) -> Echo ! stop;
ping(Echo, N) ->
    Echo ! {self(), N},
    receive N -> ping(Echo, N - 1) end.
echo() ->
    receive {From, N} -> From ! N, echo(); stop -> ok end.

ring(Hops) ->
    Self = self(),
    First = spawn(fun() -> receive {next, P} -> link_loop(P, Self) end end),
    Last = lists:foldl(fun(_, Next) -> spawn(fun() -> link_loop(Next, Self) end) end, First, lists:seq(2, 1000)),
    First ! {next, Last},
    First ! Hops,
    receive finished -> ok end,
    First ! stop.
link_loop(Next, Report) ->
    receive
        0 -> Report ! finished, link_loop(Next, Report);
        stop -> Next ! stop;
        N -> Next ! N - 1, link_loop(Next, Report)
    end.

fan_in(Sources, Each) ->
    Self = self(),
    [spawn(fun() -> source(Self, Each) end) || _ <- lists:seq(1, Sources)],
    sink(Sources * Each).
source(_, 0) -> ok;
source(Sink, N) -> Sink ! {1, N}, source(Sink, N - 1).
sink(0) -> ok;
sink(N) -> receive {1, _} -> sink(N - 1) end.

churn(0) -> ok;
churn(N) ->
    {Pid, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, process, Pid, _} -> churn(N - 1) end.

tree(Depth) ->
    Self = self(),
    spawn(fun() -> node(Depth, Self) end),
    receive 1000000 -> ok end.
node(0, Parent) -> Parent ! 1;
node(Depth, Parent) ->
    Self = self(),
    [spawn(fun() -> node(Depth - 1, Self) end) || _ <- lists:seq(1, 10)],
    Parent ! lists:sum([receive N -> N end || _ <- lists:seq(1, 10)]).
