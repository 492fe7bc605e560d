// Keeps the first page of a language, or on a tap all of it, and answers with that when the network does not.
// Stored are a note, the script, and the home page or the file of all pages: nothing that tells what was read.
// Newer script than elsewhere: a browser that has service workers knows it, another never asks for this file.
const root=registration.scope,name="hub "+root,looks={},tried={},seen={},fresh=(times,tag)=>Date.now()-times[tag]<3e5,
at=(tag,file)=>root+tag+"/"+file,note="keep-note.json",all="keep.json";
let copies={};
const load=async tag=>{
const c=await caches.open(name),[n,pages,home]=await Promise.all([note,all,""].map(f=>c.match(at(tag,f))));
if(n&&(pages||home))return{tag,whole:!!pages,note:await n.json(),...pages?await pages.json():{pages:{"/":await home.text()}}};
};
const kept=tag=>copies[tag]=copies[tag]||load(tag).catch(()=>0);
// Asks what the site has now. A language that the site has withdrawn, while it lives, goes from here too.
const ask=async tag=>{
const r=await fetch(at(tag,note),{cache:"no-cache"});
if(r.status==404){
await registration.update();
const c=await caches.open(name);
await Promise.all([note,all,""].map(f=>c.delete(at(tag,f))));
copies={};
}
if(!r.ok)throw r;
return r;
};
const look=tag=>{
tried[tag]=Date.now();
return looks[tag]=ask(tag);
};
// Brings what is kept up to the note that the site answered: all is fetched and found whole before any of it is stored.
const follow=async(tag,answer,whole)=>{
const now=await answer.clone().json(),copy=await kept(tag),c=await caches.open(name),is=!copy||copy.note.version!=now.version,
take=async(url,sum,from)=>[url,await fetch(from||url,{cache:"no-cache",integrity:sum})];
const grows=whole&&!(copy&&copy.whole);
whole=whole||copy&&copy.whole;
if(is||grows)for(const [url,r] of await Promise.all([take(root+"hub.js",now.script),whole?take(at(tag,all),now.pages,at(tag,all)+"?"+now.version):take(at(tag,""),now.home)]))await c.put(url,r);
await c.put(at(tag,note),answer);
if(whole)await c.delete(at(tag,""));
delete copies[tag];
seen[tag]=Date.now();
for(const page of await clients.matchAll())page.postMessage(is);
};
const within=(ms,promise)=>Promise.race([promise,new Promise((_,late)=>setTimeout(late,ms,"late"))]);
const show=({note,pages,lines},twin,banner,status)=>new Response(pages[twin].replace(/[\ue001-\uf8ff]/g,c=>lines[c.charCodeAt()-57345]).replace(/\ue000/g,twin).replace(/<main[^>]*>/,"$&"+banner).replace("</main>",(banner&&note.end)+"$&"),{status,headers:note.headers});
// What is not kept: the home page, and above it that the other is not there, and the ways on.
const missing=async tag=>{
const keys=await (await caches.open(name)).keys(),tags=new Set(keys.map(k=>k.url.slice(root.length).split("/")[0])),
found=(await Promise.all([...tags].map(kept))).filter(Boolean),copy=found.find(c=>c.tag==tag)||found[0];
return show(copy,"/",copy.note.missing.replace("</ul>",(copy.whole?copy.note.countries:"")+found.map(c=>c==copy?"":c.note.link).join("")+"$&"),404);
};
onfetch=e=>{
const want=e.request,[,tag,twin]=want.url.slice(root.length).match(/([^/?#]*)([^?#]*)/);
if(want.url==root+"hub.js")e.respondWith(caches.match(want).then(r=>r||fetch(want)));
if(want.mode!="navigate"||want.method!="GET")return;
const network=async()=>{
const r=await fetch(want);
if(r.status>499)throw r;
return r;
};
e.respondWith((async()=>{
const copy=await kept(tag);
if(!copy||!copy.pages[twin])return network().catch(()=>missing(tag));
let banner=copy.note[new Date().toISOString()>copy.note.again?"old":"banner"];
try{
const wait=fresh(tried,tag)?500:5e3,asked=look(tag);
e.waitUntil(asked.then(r=>follow(tag,r.clone())).catch(()=>0));
const now=await within(wait,asked).then(r=>r.clone().json(),why=>{
if(why!="late"||!fresh(seen,tag))throw why;
banner=banner.replace("<p","<p hidden");
});
if(now&&(/\?/.test(want.url)||copy.note.version!=now.version))return await within(5e3,network());
if(now)banner="";
}catch(_){}
return show(copy,twin,banner);
})());
};
oninstall=()=>skipWaiting();
onactivate=e=>e.waitUntil(clients.claim());
onmessage=e=>e.waitUntil((async()=>{
const [what,tag]=e.data;
let ok=1;
try{
if(what=="erase"){
copies={};
await caches.delete(name);
await registration.unregister();
}else if(what!="home"||!fresh(tried,tag)||!await kept(tag))await follow(tag,await look(tag),what=="keep");
else await looks[tag];
}catch(_){ok=0}
const copy=await kept(tag);
e.ports[0].postMessage([ok,copy&&copy.note,copy&&copy.whole]);
})());
