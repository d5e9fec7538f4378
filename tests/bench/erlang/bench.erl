%% Erlang doing our workloads; tests/bench/peer.py says how it is asked.
%% Figures are nanoseconds of CPU time per operation; memory is resident bytes per process.
-module(bench).
-export([main/0]).

-define(CROWD, 1000).

main() ->
    logger:set_primary_config(level, none),
    io:format("ready~n"),
    answer().

answer() ->
    case io:get_line("") of
        eof -> halt();
        Line ->
            [Workload, Count] = string:lexemes(string:trim(Line), " "),
            erlang:garbage_collect(),
            Figure = run(list_to_atom(Workload), list_to_integer(Count)),
            io:format("~.3f~n", [Figure * 1.0]),
            answer()
    end.

run(ask, Count) ->
    {ok, Echo} = echo_server:start(),
    Took = cpu_ns(fun() -> call(Echo, Count) end),
    gen_server:stop(Echo),
    Took / Count;
run(ask_many, Count) ->
    Echoes = echoes(?CROWD),
    Me = self(),
    Took = cpu_ns(fun() ->
        [spawn(fun() -> call(Echo, Count div ?CROWD), Me ! done end) || Echo <- Echoes],
        [receive done -> ok end || _ <- Echoes]
    end),
    [gen_server:stop(Echo) || Echo <- Echoes],
    Took / Count;
run(tell, Count) ->
    {ok, Echo} = echo_server:start(),
    Took = cpu_ns(fun() -> cast(Echo, Count), gen_server:call(Echo, last, infinity) end),
    gen_server:stop(Echo),
    Took / Count;
run(ring, Count) ->
    Me = self(),
    First = spawn(fun() -> receive {next, Next} -> hop(Next, Me) end end),
    Spawn = fun(_, Next) -> spawn(fun() -> hop(Next, Me) end) end,
    Second = lists:foldl(Spawn, First, lists:seq(2, ?CROWD)),
    First ! {next, Second},
    Took = cpu_ns(fun() -> First ! Count, receive done -> ok end end),
    First ! stop,
    Took / Count;
run(spawn_stop, Count) ->
    Took = cpu_ns(fun() -> [gen_server:stop(Echo) || Echo <- echoes(Count)] end),
    Took / Count;
run(crash_restart_ask, Count) ->
    %% OTP's list of recent restarts is searched from end to end, so many supervisors share the work.
    Supervisors = max(1, Count div 20),
    Names = [list_to_atom("echo" ++ integer_to_list(N)) || N <- lists:seq(1, Supervisors)],
    Pids = [element(2, one_supervisor:start_link(Name)) || Name <- Names],
    Each = Count div Supervisors,
    Took = cpu_ns(fun() -> [[burn(Name) || Name <- Names] || _ <- lists:seq(1, Each)] end),
    [begin unlink(Pid), exit(Pid, shutdown) end || Pid <- Pids],
    [gone(Name) || Name <- Names],
    Took / (Each * Supervisors);
run(idle_memory, Count) ->
    Before = resident_bytes(),
    Echoes = echoes(Count),
    timer:sleep(100),
    After = resident_bytes(),
    [gen_server:stop(Echo) || Echo <- Echoes],
    (After - Before) / Count.

echoes(Count) -> [element(2, echo_server:start()) || _ <- lists:seq(1, Count)].

call(_, 0) -> ok;
call(Echo, Left) -> gen_server:call(Echo, Left), call(Echo, Left - 1).

cast(_, 0) -> ok;
cast(Echo, Left) -> gen_server:cast(Echo, Left), cast(Echo, Left - 1).

hop(Next, Owner) ->
    receive
        stop -> Next ! stop;
        0 -> Owner ! done, hop(Next, Owner);
        Hops -> Next ! Hops - 1, hop(Next, Owner)
    end.

burn(Name) ->
    Old = whereis(Name),
    Monitor = monitor(process, Old),
    gen_server:cast(Old, burn),
    receive {'DOWN', Monitor, process, Old, _} -> ok end,
    gen_server:call(fresh(Name), hello).

fresh(Name) ->
    case whereis(Name) of
        undefined -> erlang:yield(), fresh(Name);
        Pid -> Pid
    end.

gone(Name) ->
    case whereis(Name) of
        undefined -> ok;
        _ -> erlang:yield(), gone(Name)
    end.

cpu_ns(Work) ->
    {Before, _} = statistics(runtime),
    Work(),
    {After, _} = statistics(runtime),
    (After - Before) * 1000000.

resident_bytes() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kilobytes]} = re:run(Status, "VmRSS:\\s+(\\d+)", [{capture, [1], list}]),
    list_to_integer(Kilobytes) * 1024.
