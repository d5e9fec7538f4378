%% The plainest gen_server: answers calls with their own message, counts casts, crashes on request.
-module(echo_server).
-behaviour(gen_server).
-export([start/0, start_link/1, init/1, handle_call/3, handle_cast/2]).

start() -> gen_server:start(?MODULE, [], []).

start_link(Name) -> gen_server:start_link({local, Name}, ?MODULE, [], []).

init(_) -> {ok, 0}.

handle_call(Message, _From, Seen) -> {reply, Message, Seen}.

handle_cast(burn, _Seen) -> exit(burnt);
handle_cast(_Message, Seen) -> {noreply, Seen + 1}.
