%% A supervisor with one permanent echo_server, registered under a name.
-module(one_supervisor).
-behaviour(supervisor).
-export([start_link/1, init/1]).

start_link(Name) -> supervisor:start_link(?MODULE, Name).

init(Name) ->
    Flags = #{strategy => one_for_one, intensity => 1000000, period => 1},
    Child = #{id => Name, start => {echo_server, start_link, [Name]}, restart => permanent},
    {ok, {Flags, [Child]}}.
