// Answers a search in a copy that no server answers: app/search.py says the rules and gives the lines, this keeps to them.
// It comes with the lines and only when somebody searches; each script calls hubLines with what it brings.
(function(){
var box=document.getElementById("answer"),query=/[?&]q=([^&]*)/.exec(location.search)[1].replace(/\+/g," "),rules,asked,joined,entries=[],by={},known={};
try{query=decodeURIComponent(query)}catch(e){}
query=query.replace(/[\x00-\x1f\x7f-\x9f\s]+/g," ").trim().slice(0,200);
document.getElementById("q").value=query;
function data(name){return box.getAttribute("data-"+name)}
function letters(line){
var to={};
line.split(" ").forEach(function(each){to[each.charAt(0)]=each.slice(1)});
return function(text){return text.replace(/[^\x00-\x7f]/g,function(c){return c in to?to[c]:c})};
}
function word(text){
var said=rules[1](text);
if(known[" "+text])return known[" "+text];
rules[2].forEach(function(pair){said=said.split(pair[0]).join(pair[1])});
said=said.replace(/(.)\1+/g,"$1").replace(/(..)h$/,"$1");
return known[" "+text]={t:text,s:said,b:said.replace(/[aiu]/g,""),o:rules[6].test(text),v:rules[7].test(text)};
}
function words(text){
text=text.normalize("NFKC").toLowerCase().normalize("NFD").replace(/[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u200b-\u200f\u2060\ufeff]/g,"").normalize("NFC");
var parts=rules[0](text).replace(rules[5],"").split(rules[4]).filter(function(w){return w}),
kept=parts.map(function(w){return w.slice(0,2)=="ال"&&w.length>4?w.slice(2):w}),left=kept.filter(function(w){return rules[3].indexOf(" "+w+" ")<0});
left=left.length?left:kept;
return{w:left.map(word),j:[left,parts].map(function(p){return word(p.join(""))})};
}
function slip(a,b){
var n=0;
if(Math.abs(a.length-b.length)>1)return;
while(n<a.length&&n<b.length&&a.charAt(n)==b.charAt(n))n++;
if(a.length!=b.length)return a.length>b.length?a.slice(n+1)==b.slice(n):a.slice(n)==b.slice(n+1);
return a.slice(n+1)==b.slice(n+1)||a.charAt(n)==b.charAt(n+1)&&a.charAt(n+1)==b.charAt(n)&&a.slice(n+2)==b.slice(n+2);
}
function fit(a,b,least){
if(a.t==b.t)return 0;
if(a.s.length>1&&a.s==b.s)return 1;
if(a.o){if(b.t.indexOf(a.t)>=0)return 2;if(b.o&&b.t.length>1&&a.t.indexOf(b.t)>=0)return 2}
else if(a.t.length>=least&&!b.t.indexOf(a.t))return 2;
if(a.t.length>3&&slip(a.t,b.t))return 3;
if(!a.o&&a.s.length>5&&!b.s.indexOf(a.s))return 4;
if(a.s.length>3&&slip(a.s,b.s))return 5;
return a.v!=b.v&&a.b.length>2&&a.b==b.b?6:99;
}
function nearest(some,others,least){
var best=99;
some.forEach(function(a){others.forEach(function(b){best=Math.min(best,fit(a,b,least))})});
return best;
}
function rank(fits,e,odd,extra,whole){
var lacking=0,off=0;
fits.forEach(function(n){if(n>9)lacking++;else off+=n});
extra+=lacking;
if(whole<9&&(lacking||off>whole)){lacking=0;off=whole;extra=whole==2?1:0}
if(lacking>1&&extra<1&&extra>-50&&off<3&&e.k<2)lacking=1;
return[lacking,off,e.k,odd?1:0,Math.max(0,extra)];
}
function less(a,b){
var i=0;
while(i<a.length-1&&a[i]==b[i])i++;
return a[i]-b[i];
}
function find(){
entries.forEach(function(e){
e.f=asked.map(function(){return 99});
e.r=0;
e.n.forEach(function(name,i){
var w=e.w[i]=e.w[i]||words(name),fits=asked.map(function(a){return nearest([a],w.w,asked.length>1?3:1)}),r=rank(fits,e,!e.k&&i>=e.d,w.w.length-asked.length,nearest(joined,w.j,4));
fits.forEach(function(n,i){e.f[i]=Math.min(e.f[i],n)});
if(!e.r||less(r,e.r)<0){e.r=r;e.m=name}
});
});
var found=entries.filter(function(e,n){
if(e.a.length&&e.f.some(function(n){return n<9})){
var r=rank(e.f.map(function(n,i){e.a.forEach(function(o){n=Math.min(n,o.f[i]+1)});return n}),e,0,-99,99);
if(less(r,e.r)<0)e.r=r;
}
e.r[5]=n;
return e.r[0]<=asked.length/2&&e.r[0]+e.r[1]<90;
}).sort(function(a,b){return less(a.r,b.r)});
return found.filter(function(e){return e.r[0]==found[0].r[0]&&e.r[1]<=found[0].r[1]+2});
}
function take(text){
var lines=text.split("\n"),country,speakers=[];
if(!rules){
rules=lines.splice(0,8);
rules=rules.map(function(rule,n){return n<2?letters(rule):n<3?rule.split(" ").map(function(pair){return pair.split(":")}):n<4?" "+rule+" ":new RegExp("["+rule+"]"+(n<5?"+":""),n==5?"g":"")});
asked=words(query);
joined=asked.j;
asked=asked.w.filter(function(w,i,all){return all.indexOf(w)==i}).slice(0,12);
}
lines.forEach(function(line){
var f=line.split("\t"),at=f.shift(),e={u:at,n:f,w:[],a:[],p:[],d:f.length};
if(at=="@"){speakers.push(f);return}
if(at=="-"||at=="+"){
e.k=at=="-"?1:4;e.a=[country];
if(country.q){e=country.q.shift();if(e)e.n=e.n.concat(f);return}
if(e.k==1)country.p.push(e);
}else if(at.charAt(0)=="~")e.k=2;
else if(at.indexOf(":")>0){
e.k=5;e.l=f[0].split(" ");e.h=f[1];e.x=f[2];e.y=speakers[f[3]];
e.a=f.slice(4).map(function(id){return by[id]}).filter(function(o){return o});
e.n=e.l[0]?[f[1]].concat(e.y):e.y;
}else{
if(by[at]){country=by[at];country.q=country.p.slice();country.n=country.n.concat(f);return}
e.k=at.indexOf("countries/")?3:0;
by[at]=e;by[at.split("/")[1]]=by[at.split("/")[1]]||e;
if(!e.k)country=e;
}
entries.push(e);
});
}
function add(to,name,text,more){
var e=document.createElement(name);
if(text)e.textContent=text;
for(name in more)if(more[name])e.setAttribute(name,more[name]);
to.appendChild(e);
return e;
}
function say(to,text){to.appendChild(document.createTextNode(text))}
function quoted(to,text){add(to,"cite",text,{dir:"auto"})}
function show(found){
var home=data("home").replace(/index\.html$/,""),tail=data("home").slice(home.length),none=data("none").split("\t"),p,list;
box.textContent="";
box.hidden=false;
if(!found.length){
p=add(box,"p",none[0],{role:"status"});
quoted(p,query.length>40?query.slice(0,40)+"…":query);
say(p,none[1]);
add(box,"p",data("help"));
}
list=add(box,"ul","",{"class":"cards"});
found.slice(0,20).forEach(function(e){
var li=add(list,"li"),c=e.k==1||e.k==4?e.a[0]:e,a=add(li,"a",e.k==5?e.h:c.n[0],e.k==5?{href:e.u,rel:"external noopener noreferrer",lang:e.l[0],dir:e.l[1]}:{href:home+(e.k==2?"../"+e.u.slice(1)+"/":c.u)+tail,lang:e.k==2&&e.u.slice(1),dir:e.k==2&&"auto"});
if(e.k==1){a.textContent="";quoted(a,e.m);say(a," – "+c.n[0])}
if(e.k==4){say(a," – ");quoted(a,e.m)}
if(e.k==5){p=add(li,"small"," (");quoted(p,e.y[0]);say(p,", "+e.x+")")}
});
if(found.length>20)add(box,"p",data("best"));
}
window.hubLines=function(text){
var found,more;
take(text);
found=asked.length?find():[];
if(asked.length&&!box.far&&!(found[0]&&!found[0].r[0]&&found[0].r[1]<3)){
box.far=1;
more=add(document.body,"script","",{src:data("far")});
more.onerror=function(){show(found)};
}else show(found);
};
})();
