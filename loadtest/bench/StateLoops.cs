using ConcertDapr.Wire.Runtime;
using Google.Protobuf;

namespace ConcertDapr.Bench;

/// <summary>Callers of the state API over gRPC, each with a connection and a key of its own.</summary>
internal sealed class StateLoops : IDisposable
{
    private static readonly byte[] s_get = GrpcLoop.HeadersOf("/dapr.proto.runtime.v1.Dapr/GetState");
    private static readonly byte[] s_save = GrpcLoop.HeadersOf("/dapr.proto.runtime.v1.Dapr/SaveState");

    private readonly GrpcLoop[] _loops;
    private readonly byte[][] _gets;

    private StateLoops(GrpcLoop[] loops)
    {
        _loops = loops;
        _gets = [.. Enumerable.Range(0, loops.Length).Select(caller => GrpcLoop.Frame(new GetStateRequest { StoreName = "statestore", Key = Key(caller) }))];
    }

    public static string Key(int caller) => $"block{caller}";

    public static async Task<StateLoops> ConnectAsync(int port, int callers) =>
        new(await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => GrpcLoop.ConnectAsync(port))));

    public async Task GetAsync(int caller) => await _loops[caller].CallAsync(s_get, _gets[caller]);

    /// <summary>Reads and writes the value back under its ETag; fails when that is refused.</summary>
    public async Task GetAndSaveAsync(int caller)
    {
        var item = GetStateResponse.Parser.ParseFrom((await _loops[caller].CallAsync(s_get, _gets[caller])).Span);
        var request = new SaveStateRequest
        {
            StoreName = "statestore",
            States = { new StateItem { Key = Key(caller), Value = item.Data, Etag = new Etag { Value = item.Etag } } },
        };
        await _loops[caller].CallAsync(s_save, GrpcLoop.Frame(request));
    }

    public void Dispose()
    {
        foreach (var loop in _loops) loop.Dispose();
    }
}
