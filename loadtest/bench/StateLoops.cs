using ConcertDapr.Wire.Runtime;
using Google.Protobuf;

namespace ConcertDapr.Bench;

/// <summary>Callers of the state API over gRPC, each with a key of its own, over one connection for all or one for each.</summary>
internal sealed class StateLoops : IAsyncDisposable
{
    private static readonly byte[] s_get = GrpcLoop.HeadersOf("/dapr.proto.runtime.v1.Dapr/GetState");
    private static readonly byte[] s_save = GrpcLoop.HeadersOf("/dapr.proto.runtime.v1.Dapr/SaveState");

    private readonly GrpcLoop[] _loops;
    private readonly byte[][] _gets;

    private StateLoops(GrpcLoop[] loops, int callers)
    {
        _loops = loops;
        _gets = [.. Enumerable.Range(0, callers).Select(caller => GrpcLoop.Frame(new GetStateRequest { StoreName = "statestore", Key = Key(caller) }))];
    }

    public static string Key(int caller) => $"block{caller}";

    public static async Task<StateLoops> ConnectAsync(int port, int callers, int connections) =>
        new(await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => GrpcLoop.ConnectAsync(port))), callers);

    public Task GetAsync(int caller) => Loop(caller).CallAsync(s_get, _gets[caller]);

    /// <summary>Reads and writes the value back under its ETag; fails when that is refused.</summary>
    public async Task GetAndSaveAsync(int caller)
    {
        var item = GetStateResponse.Parser.ParseFrom(await Loop(caller).CallAsync(s_get, _gets[caller]));
        var request = new SaveStateRequest
        {
            StoreName = "statestore",
            States = { new StateItem { Key = Key(caller), Value = item.Data, Etag = new Etag { Value = item.Etag } } },
        };
        await Loop(caller).CallAsync(s_save, GrpcLoop.Frame(request));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var loop in _loops) await loop.DisposeAsync();
    }

    private GrpcLoop Loop(int caller) => _loops[caller % _loops.Length];
}
